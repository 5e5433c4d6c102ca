// SPDX-License-Identifier: Apache-2.0

#include "node/peer_handshake.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace titer::node {
namespace {

const ReplicaId kDialler(2), kAcceptor(0);

wire::PeerSecret secret(char digit) { return wire::PeerSecret::parse(std::string(64, digit)).value(); }

Identity identity(ReplicaId me, std::optional<wire::PeerSecret> knows) {
  return {me, Incarnation(100U + me.value), 7, 8, knows};
}

wire::Nonce nonce(unsigned byte) {
  wire::Nonce out;
  out.fill(static_cast<std::byte>(byte));
  return out;
}

smr::ViewRecord view() { return {ViewNumber(3), {}, {}}; }

// The messages in `bytes`, which are taken from it.
std::vector<Bytes> taken(Bytes& bytes) {
  std::vector<Bytes> out;
  ByteView in = bytes;
  while (!in.empty()) {
    const ByteView before = in;
    const auto message = wire::next_message(in);
    if (!message || !*message) break;
    out.emplace_back(before.begin(), before.end() - static_cast<std::ptrdiff_t>(in.size()));
  }
  bytes.clear();
  return out;
}

Status give(PeerHandshake& to, const Bytes& bytes, Bytes& out) {
  ByteView in = bytes;
  const auto message = wire::next_message(in);
  return to.take(**message, out);
}

wire::Hello hello_in(const Bytes& bytes) {
  ByteView in = bytes;
  return wire::decode_hello((*wire::next_message(in))->payload).value();
}

wire::Type type_of(const Bytes& bytes) { return static_cast<wire::Type>(bytes[3]); }

// Both sides, and what each has sent that the other has not taken yet.
struct Pair {
  Pair(const std::optional<wire::PeerSecret>& dialler_knows, const std::optional<wire::PeerSecret>& acceptor_knows)
      : here(identity(kDialler, dialler_knows)),
        there(identity(kAcceptor, acceptor_knows)),
        dialler(here, kAcceptor, nonce(1), to_acceptor),
        hello(taken(to_acceptor)),
        acceptor(there, hello_in(hello.front()), view(), nonce(2), to_dialler) {
    hello.erase(hello.begin());
  }
  // To the end, or to the first refusal.
  Status run() {
    std::vector<Bytes> next = hello;
    for (;;) {
      for (const Bytes& message : next)
        if (Status told = give(acceptor, message, to_dialler); !told) return told;
      next = taken(to_dialler);
      if (next.empty()) return ok_status();
      for (const Bytes& message : next)
        if (Status told = give(dialler, message, to_acceptor); !told) return told;
      next = taken(to_acceptor);
      if (next.empty()) return ok_status();
    }
  }

  Identity here, there;
  Bytes to_acceptor, to_dialler;
  PeerHandshake dialler;
  std::vector<Bytes> hello;
  PeerHandshake acceptor;
};

TEST(PeerHandshake, with_one_secret_each_side_believes_the_other) {
  Pair pair(secret('5'), secret('5'));
  EXPECT_FALSE(pair.dialler.done());
  EXPECT_FALSE(pair.acceptor.done()) << "a hello is nothing yet";
  EXPECT_TRUE(pair.run().ok());
  ASSERT_TRUE(pair.dialler.done());
  ASSERT_TRUE(pair.acceptor.done());
  EXPECT_EQ(pair.dialler.peer(), kAcceptor);
  EXPECT_EQ(pair.dialler.incarnation(), pair.there.incarnation);
  EXPECT_EQ(pair.acceptor.peer(), kDialler);
  EXPECT_EQ(pair.acceptor.incarnation(), pair.here.incarnation);
}

TEST(PeerHandshake, without_a_secret_hello_and_its_answer_are_all) {
  Pair pair(std::nullopt, std::nullopt);
  EXPECT_TRUE(pair.acceptor.done());
  EXPECT_TRUE(pair.run().ok());
  EXPECT_TRUE(pair.dialler.done());
}

TEST(PeerHandshake, with_another_secret_neither_side_believes) {
  Pair pair(secret('5'), secret('6'));
  const Status told = pair.run();
  ASSERT_FALSE(told.ok());
  EXPECT_NE(told.error().message.find("secret_file"), std::string::npos) << "it says what to do";
  EXPECT_FALSE(pair.dialler.done());
  EXPECT_FALSE(pair.acceptor.done());
}

TEST(PeerHandshake, an_acceptor_with_a_secret_never_believes_a_dialler_without) {
  Pair pair(std::nullopt, secret('5'));
  std::vector<Bytes> sent = taken(pair.to_dialler);
  ASSERT_EQ(sent.size(), 2U);
  EXPECT_TRUE(give(pair.dialler, sent[0], pair.to_acceptor).ok());
  EXPECT_TRUE(pair.dialler.done()) << "so it is its driver that hears of the challenge";
  EXPECT_EQ(type_of(sent[1]), wire::Type::kChallenge);
  EXPECT_FALSE(pair.acceptor.done());
}

// What an impostor can send who knows everything but the secret.
TEST(PeerHandshake, no_other_message_stands_for_a_proof) {
  const wire::Mac guess = nonce(9);
  std::vector<Bytes> messages(5);
  wire::encode(messages[0], smr::PeerMessage(smr::Done{ViewNumber(3)}));
  wire::encode(messages[1], wire::Proof{guess});
  wire::encode(messages[2], wire::HelloReply{7, 8, kAcceptor, Incarnation(100), view(), {}});
  wire::encode(messages[3], wire::Challenge{guess});
  wire::encode(messages[4], wire::TransferWant{});
  for (const Bytes& first : messages)
    for (const Bytes& second : messages) {
      Pair pair(secret('5'), secret('5'));
      for (const Bytes& message : {first, second})
        if (!give(pair.acceptor, message, pair.to_dialler)) break;
      EXPECT_FALSE(pair.acceptor.done()) << static_cast<int>(type_of(first)) << static_cast<int>(type_of(second));
    }
}

TEST(PeerHandshake, a_proof_that_is_sent_back_to_its_maker_proves_nothing) {
  Pair pair(secret('5'), secret('5'));
  // The impostor dials the acceptor, gives it its own challenge back, and then its own proof.
  std::vector<Bytes> sent = taken(pair.to_dialler);
  ASSERT_TRUE(give(pair.acceptor, sent[1], pair.to_dialler).ok());
  sent = taken(pair.to_dialler);
  ASSERT_EQ(type_of(sent[0]), wire::Type::kProof);
  EXPECT_FALSE(give(pair.acceptor, sent[0], pair.to_dialler).ok());
  EXPECT_FALSE(pair.acceptor.done());
}

TEST(PeerHandshake, a_recorded_handshake_cannot_be_repeated) {
  Pair first(secret('5'), secret('5'));
  ASSERT_TRUE(give(first.acceptor, first.hello[0], first.to_dialler).ok());
  for (const Bytes& message : taken(first.to_dialler))
    ASSERT_TRUE(give(first.dialler, message, first.to_acceptor).ok());
  const std::vector<Bytes> proof = taken(first.to_acceptor);
  ASSERT_EQ(proof.size(), 1U);
  Bytes out;
  PeerHandshake again(first.there, {wire::Role::kReplica, 7, 8, kDialler, first.here.incarnation, {}, {}}, view(),
                      nonce(3), out);
  ASSERT_TRUE(give(again, first.hello[0], out).ok());
  EXPECT_FALSE(give(again, proof[0], out).ok());
}

TEST(PeerHandshake, a_death_is_believed_with_its_proof_only) {
  const Identity self = identity(kAcceptor, secret('5'));
  const Incarnation dead(102);
  for (const bool right : {true, false}) {
    Bytes out;
    PeerHandshake notice(self, {wire::Role::kDeathNotice, 7, 0, kDialler, dead, {}, {}}, view(), nonce(2), out);
    EXPECT_TRUE(notice.is_death_notice());
    EXPECT_FALSE(notice.done());
    EXPECT_TRUE(out.empty());
    Bytes proof;
    wire::encode(proof,
                 wire::Proof{secret('5').prove_death(7, kDialler, right ? dead : Incarnation(dead.value + 1))});
    EXPECT_EQ(give(notice, proof, out).ok(), right);
    EXPECT_EQ(notice.done(), right);
  }
  Bytes out;
  const Identity open = identity(kAcceptor, std::nullopt);
  EXPECT_TRUE(
      PeerHandshake(open, {wire::Role::kDeathNotice, 7, 0, kDialler, dead, {}, {}}, view(), nonce(2), out).done());
}

TEST(PeerHandshake, a_replica_of_another_cluster_version_or_index_is_told_so) {
  const Identity self = identity(kDialler, std::nullopt);
  for (const auto& [cluster, tables, index] : {std::tuple{6, 8, 0}, std::tuple{7, 9, 0}, std::tuple{7, 8, 1}}) {
    Bytes out, reply;
    PeerHandshake dialler(self, kAcceptor, nonce(1), out);
    wire::encode(reply, wire::HelloReply{static_cast<std::uint64_t>(cluster),
                                         static_cast<std::uint64_t>(tables),
                                         ReplicaId(static_cast<std::uint16_t>(index)),
                                         Incarnation(1),
                                         view(),
                                         {}});
    EXPECT_FALSE(give(dialler, reply, out).ok());
    EXPECT_FALSE(dialler.done());
  }
}

}  // namespace
}  // namespace titer::node
