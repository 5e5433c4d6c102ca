// SPDX-License-Identifier: Apache-2.0

// The links between replicas, over fake connections.
#include "node/peers.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "base/limits.h"
#include "net/testing/fake_environment.h"

namespace titer::node {
namespace {

using net::test::FakeWire;

constexpr std::uint16_t kFirstPort = 100;
const ReplicaId kMe(1);

struct Told final : PeerEvents {
  void on_peer_up(ReplicaId peer, Incarnation incarnation) override { note("up", peer, incarnation); }
  void on_peer_down(ReplicaId peer, Incarnation incarnation) override { note("down", peer, incarnation); }
  void on_peer_dead(ReplicaId peer, Incarnation incarnation) override { note("dead", peer, incarnation); }
  void on_peer_message(ReplicaId peer, Incarnation incarnation, const wire::Message&) override {
    note("message", peer, incarnation);
  }
  void note(const char* what, ReplicaId peer, Incarnation incarnation) {
    all.push_back(std::string(what) + " " + std::to_string(peer.value) + " " + std::to_string(incarnation.value));
  }
  std::vector<std::string> all;
};

class PeersTest : public ::testing::Test, private net::ConnectionOwner {
 protected:
  PeersTest() : PeersTest(std::nullopt) {}
  explicit PeersTest(const std::optional<wire::PeerSecret>& secret)
      : identity_{kMe, Incarnation(101), 7, 8, secret}, peers_(env_, identity_, roster(), told_) {}

  static Roster roster() {
    Roster all;
    for (std::uint16_t i = 0; i < 3; ++i) all[i] = net::Address{"here", static_cast<std::uint16_t>(kFirstPort + i)};
    return all;
  }
  void turn() {
    env_.run();
    env_.forget_wakes();
    peers_.on_turn(env_.boot_now());
    peers_.flush();
    env_.run();
  }
  static wire::Hello hello(std::uint16_t replica, std::uint64_t incarnation) {
    wire::Hello hello;
    hello.role = wire::Role::kReplica;
    hello.cluster = 7;
    hello.tables = 8;
    hello.replica = ReplicaId(replica);
    hello.incarnation = Incarnation(incarnation);
    return hello;
  }
  // Somebody who has said this hello to the acceptor.
  FakeWire arrive(const wire::Hello& said) {
    auto [stream, wire] = env_.pair();
    const auto connection = net::Connection::make(env_, std::move(stream), *this, std::size_t{1} << 20);
    connection->start();
    peers_.adopt(*connection, said, view_);
    env_.run();
    return wire;
  }
  // Replica 0 answers our dial as this process.
  FakeWire answer_dial(std::uint64_t incarnation, std::uint16_t as = 0) {
    turn();
    auto dials = env_.take_dials();
    EXPECT_EQ(dials.size(), 1U);
    auto wire = env_.answer(dials.at(0));
    Bytes reply;
    wire::encode(reply, wire::HelloReply{7, 8, ReplicaId(as), Incarnation(incarnation), view_, {}});
    wire.send(reply);
    env_.run();
    return wire;
  }
  static void beat(FakeWire& wire) {
    Bytes out;
    wire::encode(out, smr::PeerMessage(smr::Heartbeat{}));
    wire.send(out);
  }

  net::test::FakeEnvironment env_;
  smr::ViewRecord view_{ViewNumber(3), {{ReplicaId(0), Incarnation(100), "r0"}}, {}};
  Told told_;
  Identity identity_;
  Peers peers_;

 private:
  void on_message(net::Connection&, const wire::Message&) override {}
  void on_closed(net::Connection&, const std::string&) override {}
};

TEST_F(PeersTest, the_lower_indexes_are_dialled_and_no_others) {
  turn();
  const auto dials = env_.take_dials();
  ASSERT_EQ(dials.size(), 1U);
  EXPECT_EQ(dials[0].port, kFirstPort);
}

TEST_F(PeersTest, a_dial_that_fails_is_repeated_after_a_pause) {
  turn();
  auto dials = env_.take_dials();
  dials.at(0).done(Error{Code::kUnreachable, "nobody"});
  turn();
  EXPECT_TRUE(env_.take_dials().empty());
  ASSERT_TRUE(env_.wakes().has_value());
  env_.pass(env_.wakes()->value - env_.boot_now().value);
  turn();
  EXPECT_EQ(env_.take_dials().size(), 1U);
}

TEST_F(PeersTest, a_link_is_up_when_the_dialled_one_has_answered) {
  auto wire = answer_dial(100);
  EXPECT_EQ(told_.all, std::vector<std::string>{"up 0 100"});
  EXPECT_TRUE(peers_.up(ReplicaId(0)));
  beat(wire);
  env_.run();
  EXPECT_EQ(told_.all.back(), "message 0 100");
}

TEST_F(PeersTest, another_replica_at_the_address_is_refused) {
  auto wire = answer_dial(102, 2);
  EXPECT_TRUE(told_.all.empty());
  EXPECT_TRUE(wire.closed());
  EXPECT_NE(wire.take_goodbye().value_or("").find("another replica"), std::string::npos);
}

TEST_F(PeersTest, one_that_answers_nothing_is_cut_off_and_dialled_again) {
  turn();
  auto dials = env_.take_dials();
  auto wire = env_.answer(dials.at(0));
  env_.run();
  env_.pass(limits::kHandshakeUs);
  turn();
  EXPECT_TRUE(wire.closed());
  env_.pass(1'000'000);
  turn();
  EXPECT_EQ(env_.take_dials().size(), 1U);
}

TEST_F(PeersTest, one_that_dials_is_up_after_its_hello_and_gets_the_view) {
  auto wire = arrive(hello(2, 102));
  EXPECT_EQ(told_.all, std::vector<std::string>{"up 2 102"});
  EXPECT_EQ(wire.take_types(), std::vector{wire::Type::kHelloReply});
}

TEST_F(PeersTest, a_link_that_ends_is_reported_once) {
  auto wire = arrive(hello(2, 102));
  wire.close();
  turn();
  turn();
  EXPECT_EQ(told_.all, (std::vector<std::string>{"up 2 102", "down 2 102"}));
  EXPECT_FALSE(peers_.up(ReplicaId(2)));
}

TEST_F(PeersTest, a_new_connection_of_a_replica_replaces_the_old_one) {
  auto before = arrive(hello(2, 102));
  auto now = arrive(hello(2, 202));
  EXPECT_TRUE(before.closed());
  EXPECT_EQ(told_.all, (std::vector<std::string>{"up 2 102", "down 2 102", "up 2 202"}));
  EXPECT_EQ(peers_.incarnation(ReplicaId(2)), Incarnation(202));
}

TEST_F(PeersTest, a_process_that_was_excluded_does_not_take_the_link_of_its_successor) {
  auto lingers = arrive(hello(2, 102));
  peers_.excluded(Incarnation(102));
  EXPECT_TRUE(peers_.up(ReplicaId(2)));  // what it had said may still be of use
  auto successor = arrive(hello(2, 202));
  auto again = arrive(hello(2, 102));
  EXPECT_TRUE(lingers.closed());
  EXPECT_TRUE(again.closed());
  EXPECT_FALSE(successor.closed());
  EXPECT_EQ(peers_.incarnation(ReplicaId(2)), Incarnation(202));
}

TEST_F(PeersTest, an_excluded_process_that_still_listens_is_not_linked_with) {
  peers_.excluded(Incarnation(100));
  auto wire = answer_dial(100);
  EXPECT_TRUE(told_.all.empty());
  EXPECT_TRUE(wire.closed());
}

TEST_F(PeersTest, another_cluster_other_tables_and_no_replica_of_ours_are_refused) {
  wire::Hello cluster = hello(2, 102), tables = hello(2, 102);
  cluster.cluster = 9;
  tables.tables = 9;
  for (const wire::Hello& said : {cluster, tables, hello(5, 105), hello(1, 101)}) {
    auto wire = arrive(said);
    EXPECT_TRUE(wire.closed());
    EXPECT_TRUE(wire.take_goodbye().has_value());
  }
  EXPECT_TRUE(told_.all.empty());
}

TEST_F(PeersTest, a_message_goes_to_the_process_that_the_newest_view_names) {
  auto member = answer_dial(100);
  (void)member.take();
  auto stranger = arrive(hello(2, 102));
  (void)stranger.take();
  smr::ReplicaSet all;
  all.add(ReplicaId(0));
  all.add(ReplicaId(2));
  smr::ViewRecord newest = view_;
  newest.members.push_back({ReplicaId(2), Incarnation(999), "r2"});  // another process of replica 2
  peers_.send(all, smr::PeerMessage(smr::Heartbeat{}), newest);
  peers_.flush();
  EXPECT_EQ(member.take_types(), std::vector{wire::Type::kHeartbeat});
  EXPECT_TRUE(stranger.take_types().empty());
  EXPECT_EQ(peers_.messages_sent(), 0U);  // heartbeats do not count
}

TEST_F(PeersTest, a_death_notice_ends_the_link_of_the_dead_process_only) {
  auto link = arrive(hello(2, 102));
  wire::Hello notice = hello(2, 101);
  notice.role = wire::Role::kDeathNotice;
  (void)arrive(notice);
  EXPECT_TRUE(peers_.up(ReplicaId(2)));
  notice.incarnation = Incarnation(102);
  (void)arrive(notice);
  EXPECT_FALSE(peers_.up(ReplicaId(2)));
  EXPECT_TRUE(link.closed());
  EXPECT_EQ(told_.all, (std::vector<std::string>{"up 2 102", "dead 2 101", "down 2 102", "dead 2 102"}));
}

TEST_F(PeersTest, a_replica_that_is_gone_from_the_roster_loses_its_link) {
  auto link = arrive(hello(2, 102));
  Roster fewer = roster();
  fewer[2].reset();
  peers_.update_roster(fewer);
  EXPECT_TRUE(link.closed());
  EXPECT_FALSE(peers_.up(ReplicaId(2)));
}

TEST_F(PeersTest, one_that_does_not_read_is_cut_off_beyond_the_limit) {
  auto link = arrive(hello(2, 102));
  link.hold(1);
  Bytes* out = peers_.outgoing(ReplicaId(2));
  ASSERT_NE(out, nullptr);
  out->resize(limits::kSendQueueBytesMax + 2);
  turn();
  turn();
  EXPECT_FALSE(peers_.up(ReplicaId(2)));
  EXPECT_EQ(told_.all.back(), "down 2 102");
}

TEST_F(PeersTest, a_dial_that_ends_when_the_other_has_dialled_changes_nothing) {
  turn();
  auto dials = env_.take_dials();
  auto theirs = arrive(hello(0, 100));
  auto ours = env_.answer(dials.at(0));
  turn();
  EXPECT_TRUE(ours.closed());
  EXPECT_FALSE(theirs.closed());
  EXPECT_EQ(told_.all, std::vector<std::string>{"up 0 100"});
}

TEST_F(PeersTest, a_dial_to_where_a_replica_was_before_it_moved_is_dropped_and_the_new_place_is_dialled) {
  turn();
  auto dials = env_.take_dials();
  Roster moved = roster();
  moved[0] = net::Address{"there", 900};
  peers_.update_roster(moved);
  auto old_place = env_.answer(dials.at(0));
  turn();
  EXPECT_TRUE(old_place.closed());
  env_.pass(100'000);
  turn();
  dials = env_.take_dials();
  ASSERT_EQ(dials.size(), 1U);
  EXPECT_EQ(dials[0].port, 900);
}

TEST_F(PeersTest, a_replica_that_has_a_secret_where_there_is_none_here_is_told_so_and_the_link_is_down) {
  auto wire = arrive(hello(2, 102));
  Bytes out;
  wire::encode(out, wire::Challenge{});
  wire.send(out);
  turn();
  turn();
  EXPECT_EQ(told_.all, (std::vector<std::string>{"up 2 102", "down 2 102"}));
  EXPECT_NE(wire.take_goodbye().value_or("").find("secret_file"), std::string::npos) << "it says what to do";
}

TEST_F(PeersTest, a_link_that_is_cut_is_down_once_and_its_other_end_hears_why) {
  auto wire = arrive(hello(2, 102));
  (void)wire.take();
  peers_.cut(ReplicaId(2), "nonsense");
  turn();
  peers_.cut(ReplicaId(2), "again");
  turn();
  EXPECT_EQ(told_.all, (std::vector<std::string>{"up 2 102", "down 2 102"}));
  EXPECT_EQ(wire.take_goodbye(), "nonsense");
  EXPECT_EQ(peers_.outgoing(ReplicaId(2)), nullptr);
  EXPECT_EQ(peers_.waiting(ReplicaId(2)), 0U);
}

TEST_F(PeersTest, a_refusal_is_followed_by_a_longer_pause_than_a_failure) {
  auto wire = answer_dial(102, 2);  // another replica answers there
  env_.pass(100'000);
  turn();
  EXPECT_TRUE(env_.take_dials().empty());
  env_.pass(500'000);
  turn();
  EXPECT_EQ(env_.take_dials().size(), 1U);
}

TEST_F(PeersTest, messages_keep_their_order_and_those_of_a_link_that_is_replaced_are_not_heard) {
  auto before = arrive(hello(2, 102));
  auto now = arrive(hello(2, 202));
  beat(before);
  beat(now);
  beat(now);
  turn();
  EXPECT_EQ(told_.all,
            (std::vector<std::string>{"up 2 102", "down 2 102", "up 2 202", "message 2 202", "message 2 202"}));
}

TEST_F(PeersTest, only_the_last_excluded_processes_are_remembered) {
  for (std::uint64_t process = 1; process <= 100; ++process) peers_.excluded(Incarnation(1'000 + process));
  auto recent = arrive(hello(2, 1'100)), long_gone = arrive(hello(2, 1'001));
  EXPECT_TRUE(recent.closed());
  EXPECT_FALSE(long_gone.closed());
}

TEST_F(PeersTest, a_death_notice_of_another_version_is_believed_and_answered) {
  wire::Hello notice = hello(2, 102);
  notice.role = wire::Role::kDeathNotice;
  notice.tables = 99;
  auto wire = arrive(notice);
  EXPECT_EQ(told_.all, std::vector<std::string>{"dead 2 102"});
  EXPECT_EQ(wire.take_goodbye(), wire::kDeathNoted);
  EXPECT_TRUE(wire.closed());
}

class PeersWithSecret : public PeersTest {
 protected:
  PeersWithSecret() : PeersTest(wire::PeerSecret::parse(std::string(64, 'a')).value()) {}
};

TEST_F(PeersWithSecret, who_proves_nothing_is_not_up_and_is_cut_off_in_time) {
  auto wire = arrive(hello(2, 102));
  EXPECT_TRUE(told_.all.empty());
  env_.pass(limits::kHandshakeUs);
  turn();
  EXPECT_TRUE(wire.closed());
  EXPECT_TRUE(told_.all.empty());
}

TEST_F(PeersWithSecret, an_impostor_does_not_replace_a_link_and_many_do_not_fill_memory) {
  std::vector<FakeWire> impostors;
  impostors.reserve(100);
  for (int i = 0; i < 100; ++i) impostors.push_back(arrive(hello(2, 900)));
  EXPECT_TRUE(impostors.front().closed());  // the oldest makes room
  EXPECT_FALSE(impostors.back().closed());
  EXPECT_TRUE(told_.all.empty());
}

TEST_F(PeersWithSecret, two_that_know_the_secret_link_up) {
  Identity other = identity_;
  other.me = ReplicaId(2);
  other.incarnation = Incarnation(102);
  wire::Nonce nonce{};
  Bytes out;
  PeerHandshake dialler(other, kMe, nonce, out);
  ByteView first = out;
  const auto said = wire::decode_hello((*wire::next_message(first))->payload).value();
  auto wire = arrive(said);
  wire.send(first);
  for (int round = 0; round < 4 && !dialler.done(); ++round) {
    env_.run();
    const Bytes heard = wire.take();
    Bytes answer;
    for (ByteView rest = heard; !rest.empty();) ASSERT_TRUE(dialler.take(**wire::next_message(rest), answer).ok());
    wire.send(answer);
  }
  env_.run();
  EXPECT_TRUE(dialler.done());
  EXPECT_EQ(told_.all, std::vector<std::string>{"up 2 102"});
}

}  // namespace
}  // namespace titer::node
