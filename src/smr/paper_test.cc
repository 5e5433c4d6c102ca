// SPDX-License-Identifier: Apache-2.0

// One test per claim of the papers that the protocol stands on, named after the claim.
//   Schneider, Implementing fault-tolerant services using the state machine approach, ACM CSUR 22(4), 1990
//   Schneider, Gries, Schlichting, Fault-tolerant broadcasts, Science of Computer Programming 4, 1984 ("SGS")
//   Lamport, Time, clocks, and the ordering of events in a distributed system, CACM 21(7), 1978
#include <gtest/gtest.h>

#include "smr/lamport_clock.h"
#include "smr/testing/cluster.h"

namespace titer::smr::testing {
namespace {

using Texts = std::vector<std::string>;
constexpr TransmitterId kClient{kDirectClientBit | 7};

FramePtr frame_to(Cluster& c, int i, int j) {
  for (const PeerMessage& m : c.way(i, j))
    if (const auto* f = std::get_if<FramePtr>(&m)) return *f;
  return nullptr;
}

// §2, "Requests issued by a single client to a given state machine are processed in the order they were issued".
TEST(Schneider, O1_requests_of_one_client_are_processed_in_the_order_issued) {
  Cluster c(3);
  c.submit(0, "first");
  c.submit(0, "second");
  c.turn(0);
  c.submit(0, "third");
  c.settle();
  for (int i = 0; i < 3; ++i) EXPECT_EQ(c.executed(i), (Texts{"first", "second", "third"}));
}

// §2, "if the fact that request r was made could have caused request r' to be made, then r before r'".
TEST(Schneider, O2_a_request_that_may_have_caused_another_is_processed_before_it) {
  Cluster c(3);
  c.submit(2, "cause");
  c.turn(2);
  c.deliver_all(2, 0);  // replica 0 has seen it; its client answers to it
  c.submit(0, "effect");
  c.turn(0);
  c.settle();
  for (int i = 0; i < 3; ++i) EXPECT_EQ(c.executed(i), (Texts{"cause", "effect"}));
}

// §3, Replica Coordination: "Agreement. Every nonfaulty state machine replica receives every request."
TEST(Schneider, Agreement_every_nonfaulty_replica_receives_every_request) {
  Cluster c(3);
  for (int i = 0; i < 3; ++i) c.submit(i, "from " + std::to_string(i));
  c.settle();
  for (int i = 0; i < 3; ++i) EXPECT_EQ(c.executed(i).size(), 3U);
}

// §3, "Order. Every nonfaulty state machine replica processes the requests it receives in the same relative order."
TEST(Schneider, Order_every_replica_processes_the_requests_in_the_same_relative_order) {
  Cluster c(3);
  for (int i = 0; i < 3; ++i) c.submit(i, "from " + std::to_string(i));
  c.turns();
  // Each receives the others' in another order.
  for (int i = 2; i >= 0; --i)
    for (int j = 0; j < 3; ++j)
      if (i != j) c.deliver_all(i, j);
  c.settle();
  EXPECT_EQ(c.executed(0), c.executed(1));
  EXPECT_EQ(c.executed(1), c.executed(2));
  EXPECT_EQ(c.executed(0).size(), 3U);
}

// §3.1: IC1, "all nonfaulty processors agree on the same value", although the transmitter fails in its broadcast.
TEST(Schneider, IC1_all_agree_on_the_request_of_a_transmitter_that_failed_in_the_middle) {
  Cluster c(3);
  c.submit(0, "half sent");
  c.turn(0);
  c.deliver_all(0, 1);
  c.way(0, 2).clear();
  c.crash(0);
  c.view(make_view(1, {1, 2}));
  c.settle();
  EXPECT_EQ(c.executed(1), Texts{"half sent"});
  EXPECT_EQ(c.executed(2), Texts{"half sent"});
}

// §3.1: IC2, "if the transmitter is nonfaulty, then all use its value".
TEST(Schneider, IC2_a_nonfaulty_transmitters_request_is_used_as_it_was_sent) {
  Cluster c(2);
  c.submit(0, "exactly this");
  c.settle();
  EXPECT_EQ(c.executed(1), Texts{"exactly this"});
}

// §3.2: "a replica next processes the stable request with the smallest unique identifier", uids totally ordered.
TEST(Schneider, uids_are_totally_ordered_ties_by_transmitter) {
  Cluster c(2);
  c.submit(1, "from 1");
  c.submit(0, "from 0");
  c.turns();
  ASSERT_EQ(frame_to(c, 0, 1)->ts, frame_to(c, 1, 0)->ts) << "both clocks were the same";
  EXPECT_LT(frame_to(c, 0, 1)->uid(), frame_to(c, 1, 0)->uid());
  c.settle();
  EXPECT_EQ(c.executed(0), (Texts{"from 0", "from 1"}));
  EXPECT_EQ(c.executed(1), (Texts{"from 0", "from 1"}));
}

// §3.2.1 and Lamport 1978, IR1: "LC1: T_p is incremented after each event".
TEST(Schneider, LC1_the_clock_ticks_before_each_broadcast) {
  LamportClock clock;
  const LamportTime first = clock.tick();
  EXPECT_LT(first, clock.tick());
}

// §3.2.1 and Lamport 1978, IR2: "LC2: upon receipt of a message with timestamp τ, T_p := max(T_p, τ) + 1".
TEST(Schneider, LC2_the_clock_goes_above_every_timestamp_received) {
  LamportClock clock;
  clock.receive(LamportTime(41));
  EXPECT_EQ(clock.now(), LamportTime(42));
  clock.receive(LamportTime(3));
  EXPECT_EQ(clock.now(), LamportTime(43));
}

// §3.2.1, Logical Clock Stability Test I: stable "if a request with larger timestamp has been received from every
// client running on a nonfaulty processor".
TEST(Schneider, stability_test_I_waits_for_a_later_frame_of_every_gateway) {
  Cluster c(3);
  c.submit(0, "update");
  c.turn(0);
  c.deliver_all(0, 1);
  c.turn(1);
  EXPECT_TRUE(c.executed(1).empty()) << "2 could still send something earlier";
  c.deliver_all(0, 2);
  c.turn(2);
  c.deliver_all(2, 1);
  c.turn(1);
  EXPECT_EQ(c.executed(1), Texts{"update"});
}

TEST(Schneider, stability_test_I_waits_for_a_later_frame_of_every_active_client) {
  Cluster c(2);
  for (int i = 0; i < 2; ++i) c.give(i, input::Direct{kClient, Hello{ViewNumber(0)}});
  c.submit(0, "update");
  c.settle();
  EXPECT_TRUE(c.executed(0).empty());
  ASSERT_FALSE(c[0].to_clients.empty());
  const auto* solicit = std::get_if<Solicit>(&c[0].to_clients.back().message);
  ASSERT_NE(solicit, nullptr) << "it is asked for its null request";
  const std::uint64_t later = solicit->ts.value + 1;
  for (int i = 0; i < 2; ++i) c.give(i, input::Direct{kClient, make_frame(0, kClient, 1, later, "")});
  c.settle();
  EXPECT_EQ(c.executed(0), Texts{"update"});
  EXPECT_EQ(c.executed(1), Texts{"update"});
}

TEST(Schneider, a_request_of_lower_uid_that_arrives_later_is_processed_first) {
  Cluster c(3);
  c.submit(2, "late but lower");
  c.turn(2);
  c.submit(1, "one");
  c.turn(1);
  c.submit(1, "two");
  c.turn(1);
  c.deliver_all(1, 0);
  c.turn(0);
  EXPECT_TRUE(c.executed(0).empty());
  c.settle();
  EXPECT_EQ(c.executed(0), (Texts{"one", "late but lower", "two"}));
}

// §3.2.1, "FIFO Channels. Messages between a pair of processors are delivered in the order sent."
TEST(Schneider, FIFO_only_the_next_message_of_a_stream_is_accepted) {
  Cluster c(2);
  c.submit(0, "first");
  c.turn(0);
  c.submit(0, "second");
  c.turn(0);
  PeerMessage first = c.way(0, 1)[c.way(0, 1).size() - 2];
  while (c.way(0, 1).size() > 1) c.way(0, 1).pop_front();
  c.deliver(0, 1);
  c.turn(1);
  EXPECT_TRUE(c.executed(1).empty()) << "the first is missing";
  c.way(0, 1).push_back(first);
  c.deliver(0, 1);
  c.turn(1);
  EXPECT_EQ(c.executed(1), Texts{"first"});
}

// §3.2.1, "null requests": a client that has nothing to say must make its later timestamp known.
TEST(Schneider, null_requests_are_sent_by_replicas_with_nothing_to_say) {
  Cluster c(3);
  c.submit(0, "update");
  c.turn(0);
  c.deliver_all(0, 1);
  c.turn(1);
  const FramePtr null = frame_to(c, 1, 0);
  ASSERT_NE(null, nullptr);
  EXPECT_EQ(null->count, 0U);
  EXPECT_GT(null->ts, LamportTime(1)) << "above what it acknowledges";
}

TEST(Schneider, null_requests_are_not_sent_while_idle) {
  Cluster c(3);
  c.submit(0, "update");
  c.settle();
  const std::uint64_t sent = c[1].replica->snapshot().frames_sent;
  for (int i = 0; i < 10; ++i) c.settle();
  EXPECT_EQ(c[1].replica->snapshot().frames_sent, sent);
}

// §3.2.1, "Failure Detection Assumption. A processor p detects that a fail-stop processor q has failed only after p
// has received the last message sent to p by q." We cannot assume it; the flush makes it true for the survivors.
TEST(Schneider, failure_detection_the_failed_is_forgotten_only_after_its_last_message) {
  Cluster c(3);
  c.submit(2, "last words");
  c.turn(2);
  c.crash(2);
  c.deliver_all(2, 0);
  c.way(2, 1).clear();
  c.view(make_view(1, {0, 1}));
  EXPECT_TRUE(c[1].installed.empty()) << "1 must not install before it has them too";
  c.settle();
  EXPECT_EQ(c.executed(1), Texts{"last words"});
  EXPECT_EQ(c[1].installed, std::vector{ViewNumber(1)});
}

// §2.2 and §3: "t fault tolerant ... t+1 replicas suffice for fail-stop processors".
TEST(Schneider, t_minus_1_failures_one_after_another_lose_nothing) {
  constexpr int t = 5;
  Cluster c(t);
  Texts said;
  for (int round = 0; round < t; ++round) {
    for (int i = round; i < t; ++i) {
      said.push_back("round " + std::to_string(round) + " at " + std::to_string(i));
      c.submit(i, said.back());
    }
    c.settle();
    EXPECT_EQ(c.executed(t - 1).size(), said.size());
    if (round == t - 1) break;
    c.crash(round);
    std::vector<std::uint16_t> rest;
    for (int i = round + 1; i < t; ++i) rest.push_back(static_cast<std::uint16_t>(i));
    c.view(make_view(static_cast<std::uint64_t>(round) + 1, rest));
    c.settle();
  }
  EXPECT_EQ(c.executed(t - 1).size(), said.size());
}

TEST(Schneider, t_minus_1_failures_at_once_lose_no_answered_request) {
  Cluster c(3);
  c.submit(0, "answered");
  c.settle();
  ASSERT_EQ(c[0].answered, Texts{"answered"});
  c.crash(0);
  c.crash(1);
  c.view(make_view(1, {2}));
  c.settle();
  EXPECT_EQ(c.executed(2), Texts{"answered"});
}

// The paper's test alone lets a replica act on a request that only it and the failed transmitter hold (§2.5).
TEST(Schneider, uniform_a_request_is_executed_only_when_every_replica_holds_it) {
  Cluster c(3);
  c.submit(0, "update");
  c.turn(0);
  c.deliver_all(0, 1);
  c.turn(1);
  c.deliver_all(1, 0);
  c.turn(0);
  EXPECT_TRUE(c.executed(0).empty()) << "2 does not hold it yet";
  EXPECT_TRUE(c.executed(1).empty());
  c.settle();
  EXPECT_EQ(c[0].answered, Texts{"update"});
}

// §4: "the client ... one response suffices" when failures are fail-stop: exactly one replica answers.
TEST(Schneider, one_replica_answers) {
  Cluster c(3);
  c.submit(1, "update");
  c.settle();
  EXPECT_TRUE(c[0].answered.empty());
  EXPECT_EQ(c[1].answered, Texts{"update"});
  EXPECT_TRUE(c[2].answered.empty());
}

// §5.2, integrating a repaired object: it has the state as of the change of configuration, and all that follows.
TEST(Schneider, a_joining_replica_has_the_state_and_everything_after_it) {
  Cluster c(2);
  c.submit(0, "before");
  c.settle();
  c.spawn(2, make_view(0, {0, 1}));
  c.view(make_view(1, {0, 1, 2}));
  c.settle();
  ASSERT_EQ(c[0].give_state.size(), 1U);
  c.hand_state(0, 2);
  c.settle();
  c.submit(2, "after");
  c.settle();
  for (int i = 0; i < 3; ++i) EXPECT_EQ(c.executed(i), (Texts{"before", "after"}));
}

// §5.1: a configuration change is itself ordered among the requests, the same everywhere.
TEST(Schneider, a_change_of_configuration_takes_effect_at_the_same_place_everywhere) {
  Cluster c(3);
  c.submit(0, "a");
  c.submit(1, "b");
  c.turns();
  c.view(make_view(1, {0, 1, 2}));
  c.submit(2, "c");  // waits for the next view
  c.settle();
  for (int i = 0; i < 3; ++i) EXPECT_EQ(c.executed(i), (Texts{"a", "b", "c"}));
  for (int i = 0; i < 3; ++i) EXPECT_EQ(c[i].installed, std::vector{ViewNumber(1)});
}

// SGS §2, broadcast strategy of depth 1 ("bush"): the root sends to every leaf, every leaf acknowledges.
TEST(SGS, bush_the_root_reaches_every_leaf_and_each_acknowledges) {
  Cluster c(4);
  c.submit(0, "update");
  c.turn(0);
  for (int j = 1; j < 4; ++j) EXPECT_NE(frame_to(c, 0, j), nullptr);
  for (int j = 1; j < 4; ++j) {
    c.deliver_all(0, j);
    c.turn(j);
    const FramePtr ack = frame_to(c, j, 0);
    ASSERT_NE(ack, nullptr);
    EXPECT_EQ(ack->acks,
              (AckRow{{TransmitterId(0), Seq(1)}, {gateway_of(ReplicaId(static_cast<std::uint16_t>(j))), Seq(1)}}));
  }
}

// SGS §3: if the root fails, some process that has received the message takes its place.
TEST(SGS, re_rooting_the_lowest_holder_completes_the_broadcast_of_a_failed_root) {
  Cluster c(4);
  c.submit(0, "update");
  c.turn(0);
  c.deliver_all(0, 2);
  for (int j : {1, 3}) c.way(0, j).clear();
  c.crash(0);
  c.view(make_view(1, {1, 2, 3}));
  c.settle();
  for (int j = 1; j < 4; ++j) EXPECT_EQ(c.executed(j), Texts{"update"});
}

// SGS §3: the new root may fail too.
TEST(SGS, re_rooting_survives_the_failure_of_the_new_root) {
  Cluster c(4);
  c.submit(0, "update");
  c.turn(0);
  c.deliver_all(0, 1);
  for (int j : {2, 3}) c.way(0, j).clear();
  c.crash(0);
  c.view(make_view(1, {1, 2, 3}));
  for (int i : {2, 3}) {
    c.deliver_all(i, 1);  // 1 has all flush messages and relays
    c.deliver_all(i, 5 - i);
  }
  c.deliver_all(1, 2);
  c.way(1, 3).clear();
  c.crash(1);
  c.view(make_view(2, {2, 3}));
  c.settle();
  EXPECT_EQ(c.executed(2), Texts{"update"});
  EXPECT_EQ(c.executed(3), Texts{"update"});
}

// SGS §1: "if one functioning process has the message, all functioning ones get it"; if none, none.
TEST(SGS, a_message_that_nobody_received_is_nowhere) {
  Cluster c(3);
  c.submit(0, "lost");
  c.turn(0);
  for (int j : {1, 2}) c.way(0, j).clear();
  c.crash(0);
  c.view(make_view(1, {1, 2}));
  c.settle();
  EXPECT_TRUE(c.executed(1).empty());
  EXPECT_TRUE(c.executed(2).empty());
  EXPECT_EQ(c[1].installed.size(), 1U);
}

// SGS §4: a repeated message (by the old root and the new) is recognised by its name.
TEST(SGS, a_message_that_comes_twice_is_taken_once) {
  Cluster c(3);
  c.submit(0, "update");
  c.turn(0);
  c.way(0, 1).push_back(c.way(0, 1).back());
  c.settle();
  EXPECT_EQ(c.executed(1), Texts{"update"});
}

}  // namespace
}  // namespace titer::smr::testing
