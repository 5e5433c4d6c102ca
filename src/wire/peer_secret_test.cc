// SPDX-License-Identifier: Apache-2.0

#include "wire/peer_secret.h"

#include <gtest/gtest.h>

#include <vector>

namespace titer::wire {
namespace {

const std::string kText = std::string(62, '5') + "a0";

LinkNames names() {
  LinkNames out{9, {ReplicaId(2), Incarnation(20)}, {ReplicaId(1), Incarnation(10)}};
  out.dialler.nonce.fill(std::byte{1});
  out.acceptor.nonce.fill(std::byte{2});
  return out;
}

TEST(PeerSecret, is_64_hexadecimal_digits_and_nothing_else) {
  const auto secret = PeerSecret::parse(kText);
  ASSERT_TRUE(secret.ok());
  EXPECT_EQ(secret->to_text(), kText);
  for (const std::string& text :
       {std::string(), kText.substr(1), kText + "0", kText + "\n", std::string(64, 'g'), std::string(64, 'A')}) {
    const auto refused = PeerSecret::parse(text);
    ASSERT_FALSE(refused.ok());
    if (!text.empty()) {
      EXPECT_EQ(refused.error().message.find(text), std::string::npos) << "it is told to nobody";
    }
  }
}

TEST(PeerSecret, a_proof_is_good_for_one_side_of_one_link_of_one_cluster_only) {
  const PeerSecret secret = PeerSecret::parse(kText).value();
  const Mac proof = secret.prove(LinkSide::kDialler, names());
  EXPECT_TRUE(wire::same(proof, secret.prove(LinkSide::kDialler, names())));
  std::vector<Mac> others{secret.prove(LinkSide::kAcceptor, names()),
                          PeerSecret::parse(std::string(64, '5'))->prove(LinkSide::kDialler, names()),
                          secret.prove_death(9, ReplicaId(2), Incarnation(20))};
  const auto with = [&](auto change) {
    LinkNames other = names();
    change(other);
    others.push_back(secret.prove(LinkSide::kDialler, other));
  };
  with([](LinkNames& n) { n.cluster = 8; });
  with([](LinkNames& n) { std::swap(n.dialler, n.acceptor); });
  with([](LinkNames& n) { n.dialler.replica = ReplicaId(3); });
  with([](LinkNames& n) { n.acceptor.replica = ReplicaId(3); });
  with([](LinkNames& n) { n.dialler.incarnation = Incarnation(21); });
  with([](LinkNames& n) { n.acceptor.incarnation = Incarnation(21); });
  with([](LinkNames& n) { n.dialler.nonce[31] = std::byte{7}; });
  with([](LinkNames& n) { n.acceptor.nonce[0] = std::byte{7}; });
  for (std::size_t i = 0; i < others.size(); ++i) EXPECT_FALSE(wire::same(proof, others[i])) << i;
}

TEST(PeerSecret, what_is_derived_is_another_secret_for_each_purpose) {
  const PeerSecret secret = PeerSecret::parse(kText).value();
  EXPECT_EQ(secret.derive("one"), secret.derive("one"));
  EXPECT_NE(secret.derive("one"), secret.derive("two"));
  EXPECT_NE(secret.derive("one"), secret.to_text());
  EXPECT_EQ(secret.derive("one").size(), kText.size());
}

TEST(PeerSecret, the_proof_of_a_death_is_of_one_process) {
  const PeerSecret secret = PeerSecret::parse(kText).value();
  const Mac proof = secret.prove_death(9, ReplicaId(2), Incarnation(20));
  EXPECT_FALSE(wire::same(proof, secret.prove_death(8, ReplicaId(2), Incarnation(20))));
  EXPECT_FALSE(wire::same(proof, secret.prove_death(9, ReplicaId(1), Incarnation(20))));
  EXPECT_FALSE(wire::same(proof, secret.prove_death(9, ReplicaId(2), Incarnation(21))));
}

}  // namespace
}  // namespace titer::wire
