// SPDX-License-Identifier: Apache-2.0

// The turn of a node, in a fake world.
#include "node/node.h"

#include <gtest/gtest.h>

#include "base/limits.h"
#include "node/testing/one_node.h"

namespace titer::node {
namespace {

using test::members;

class NodeTest : public test::OneNode {};

TEST_F(NodeTest, a_write_to_a_replica_alone_is_answered) {
  open(0, members(0, {0}), 1);
  auto wire = client(1);
  request(wire, 1, machine::add_site("elm", "Elm"));
  turn();
  turn();
  const Heard heard = hear(wire);
  EXPECT_TRUE(heard.greeted);
  ASSERT_EQ(heard.answers.size(), 1U);
  EXPECT_EQ(heard.answers[0].second.code, Code::kOk);
  EXPECT_EQ(node->engine().machine.position(), Position(1));
}

TEST_F(NodeTest, requests_of_one_turn_go_into_one_frame) {
  open(0, members(0, {0}), 1);
  auto a = client(1), b = client(2);
  turn();
  const std::uint64_t before = node->engine().replica.snapshot().frames_sent;
  request(a, 1, machine::add_site("elm", "Elm"));
  request(b, 1, machine::add_site("oak", "Oak"));
  turn();
  EXPECT_EQ(node->engine().replica.snapshot().frames_sent, before + 1);
  turn();
  EXPECT_EQ(node->engine().machine.position(), Position(2));
}

TEST_F(NodeTest, a_write_that_a_member_has_not_got_is_not_answered) {
  open(0, members(0, {0, 1}), 2);
  auto wire = client(1);
  auto other = peer(1, 101);
  request(wire, 1, machine::add_site("elm", "Elm"));
  live(100'000);
  EXPECT_TRUE(hear(wire).answers.empty());
  EXPECT_EQ(node->engine().machine.position(), Position(0));
}

TEST_F(NodeTest, a_read_is_answered_under_a_lease_and_refused_without) {
  open(0, members(0, {0, 1}), 2);
  auto wire = client(1);
  ask(wire, 9, registry::ListSites{});
  live(limits::kReadPatienceUs + 200'000);  // the other member grants none
  const Heard heard = hear(wire);
  ASSERT_EQ(heard.replies.size(), 1U);
  EXPECT_EQ(heard.replies[0], std::pair(std::uint64_t{9}, Code::kUnavailable));
}

TEST_F(NodeTest, a_replica_alone_answers_reads) {
  open(0, members(0, {0}), 1);
  auto wire = client(1);
  ask(wire, 9, registry::ListSites{});
  live(50'000);
  const Heard heard = hear(wire);
  ASSERT_EQ(heard.replies.size(), 1U);
  EXPECT_EQ(heard.replies[0].second, Code::kOk);
}

TEST_F(NodeTest, a_learner_refuses_writes_and_reads) {
  open(1, members(3, {0}), 2);
  auto wire = client(1);
  request(wire, 1, machine::add_site("elm", "Elm"));
  ask(wire, 2, registry::ListSites{});
  live(50'000);
  const Heard heard = hear(wire);
  ASSERT_EQ(heard.answers.size(), 1U);
  EXPECT_EQ(heard.answers[0].second.code, Code::kUnavailable);
  ASSERT_EQ(heard.replies.size(), 1U);
  EXPECT_EQ(heard.replies[0].second, Code::kUnavailable);
  EXPECT_FALSE(node->pong().full);
}

TEST_F(NodeTest, one_that_is_silent_is_reported_to_the_register) {
  open(0, members(0, {0, 1}), 2);
  live(20'000'000);
  ASSERT_FALSE(reg.asked.empty());
  EXPECT_EQ(reg.asked.front().expected, ViewNumber(0));
  EXPECT_TRUE(reg.asked.front().without.has(ReplicaId(1)));
  EXPECT_TRUE(reg.certain.front());
}

TEST_F(NodeTest, one_that_is_excluded_stops_with_the_code_for_it) {
  open(0, members(0, {0, 1}), 2);
  auto wire = client(1);
  turn();
  node->on_record(members(1, {1}));
  turn();
  EXPECT_EQ(node->exit_code(), kExitExcluded);
  EXPECT_TRUE(env.stopped());
  EXPECT_FALSE(hear(wire).goodbye.empty());
  EXPECT_FALSE(reg.last_words.empty());
}

TEST_F(NodeTest, one_that_stops_cleanly_answers_what_it_has_executed_and_says_goodbye) {
  open(0, members(0, {0}), 1);
  auto wire = client(1);
  request(wire, 1, machine::add_site("elm", "Elm"));
  turn();
  node->stop(0, "the test is over");
  const Heard heard = hear(wire);
  EXPECT_EQ(heard.answers.size(), 1U);
  EXPECT_NE(heard.goodbye.find("the test is over"), std::string::npos);
  EXPECT_EQ(node->exit_code(), 0);
  EXPECT_TRUE(reg.last_words.empty());
}

TEST_F(NodeTest, a_turn_after_the_end_does_nothing) {
  open(0, members(0, {0}), 1);
  node->stop(kExitFailed, "the first reason");
  node->stop(0, "another one");
  turn();
  EXPECT_EQ(node->exit_code(), kExitFailed);
  EXPECT_EQ(reg.last_words, "the first reason");
}

TEST_F(NodeTest, the_next_turn_comes_with_the_next_tick_at_the_latest) {
  open(0, members(0, {0}), 1);
  turn();
  ASSERT_TRUE(env.wakes().has_value());
  EXPECT_LE(env.wakes()->value - env.boot_now().value, limits::kHeartbeatEveryUs / 2);
}

TEST_F(NodeTest, one_that_retires_answers_no_read_and_takes_no_write) {
  open(0, members(0, {0, 1}), 2);
  auto wire = client(1);
  std::vector<ViewNumber> left;
  node->retire([&](ViewNumber installed) { left.push_back(installed); });
  request(wire, 1, machine::add_site("elm", "Elm"));
  turn();
  const Heard heard = hear(wire);
  ASSERT_EQ(heard.answers.size(), 1U);
  EXPECT_EQ(heard.answers[0].second.code, Code::kUnavailable);
  EXPECT_FALSE(node->engine().read_lease(env.boot_now()));
}

TEST_F(NodeTest, while_a_restart_is_under_way_nobody_is_answered) {
  open(0, members(0, {0}), 1);
  node->restarts(true);
  auto wire = client(1);
  request(wire, 1, machine::add_site("elm", "Elm"));
  ask(wire, 2, registry::ListSites{});
  live(100'000);
  Heard heard = hear(wire);
  ASSERT_EQ(heard.answers.size(), 1U);
  EXPECT_EQ(heard.answers[0].second.code, Code::kUnavailable);
  EXPECT_TRUE(heard.replies.empty());
  node->restarts(false);
  live(100'000);
  heard = hear(wire);
  ASSERT_EQ(heard.replies.size(), 1U);
  EXPECT_EQ(heard.replies[0].second, Code::kOk);
}

// A frame that takes longer than a turn may: heartbeats go on, and what follows waits for its end.
TEST_F(NodeTest, a_long_execution_goes_on_in_later_turns) {
  open(0, members(0, {0}), 1);
  auto wire = client(1);
  turn();
  for (std::uint64_t n = 1; n <= 200; ++n)
    request(wire, n, machine::add_site("s" + std::to_string(n), "Site " + std::to_string(n)));
  env.run();
  env.let_looks_take(limits::kExecuteUs);
  std::size_t turns = 0, answers = 0;
  for (; answers < 200 && turns < 100; ++turns) {
    turn();
    answers += hear(wire).answers.size();
  }
  EXPECT_EQ(answers, 200U);
  EXPECT_GT(turns, 1U);
}

TEST_F(NodeTest, the_roster_may_change_while_it_runs) {
  open(1, members(0, {0, 1}), 2);
  turn();
  auto dials = env.take_dials();
  ASSERT_EQ(dials.size(), 1U);
  EXPECT_EQ(dials[0].port, test::kFirstPort);
  Roster moved;
  moved[0] = net::Address{"there", 999};
  moved[1] = net::Address{"here", test::kFirstPort + 1};
  node->update_roster(moved);
  dials[0].done(Error{Code::kUnreachable, "gone"});
  live(200'000);
  dials = env.take_dials();
  ASSERT_FALSE(dials.empty());
  EXPECT_EQ(dials[0].port, 999);
}

}  // namespace
}  // namespace titer::node
