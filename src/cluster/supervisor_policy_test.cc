// SPDX-License-Identifier: Apache-2.0

#include "cluster/supervisor_policy.h"

#include <gtest/gtest.h>

#include "base/limits.h"
#include "cluster/testing/supervised.h"

namespace titer::cluster {
namespace {

using Indices = std::vector<ReplicaIndex>;

// --- who is excluded, and when

TEST(SupervisorPolicy, a_replica_that_dies_is_excluded_as_known_to_be_dead) {
  auto it = Supervised::begun(3);
  it.die({1});
  EXPECT_EQ(it.members(), "0 2");
  EXPECT_EQ(it.policy.record().known_dead, std::vector{Supervised::process(1, 1).incarnation});
  EXPECT_EQ(it.told_view(0), 1U);
  EXPECT_EQ(it.told_view(1), 0U) << "nothing can be told to the dead";
}

TEST(SupervisorPolicy, replicas_that_are_found_dead_together_leave_in_one_view_change) {
  auto it = Supervised::begun(4);
  it.die({1, 3});
  EXPECT_EQ(it.members(), "0 2");
  EXPECT_EQ(it.view(), 1U);
}

TEST(SupervisorPolicy, a_silent_replica_is_killed_first_and_excluded_when_its_death_is_certain) {
  auto it = Supervised::begun(3);
  it.ticks(14, {0, 2});
  EXPECT_EQ(it.killed, Indices{});
  it.ticks(1, {0, 2});
  EXPECT_EQ(it.killed, Indices{1});
  EXPECT_EQ(it.members(), "0 1 2");
  it.die({1});
  EXPECT_EQ(it.members(), "0 2");
  EXPECT_TRUE(it.has_said("Replica 1 was killed: it has not answered for too long"));
}

TEST(SupervisorPolicy, a_pong_ends_the_silence) {
  auto it = Supervised::begun(3);
  it.ticks(14, {0, 2});
  it.pong(1);
  it.ticks(14, {0, 2});
  EXPECT_EQ(it.killed, Indices{});
}

TEST(SupervisorPolicy, nobody_is_killed_while_all_members_are_silent) {
  auto it = Supervised::begun(3);
  it.ticks(140);
  EXPECT_EQ(it.killed, Indices{});
  it.ticks(1);
  EXPECT_EQ(it.killed, (Indices{0, 1})) << "the last one that holds the state stays";
}

TEST(SupervisorPolicy, the_last_member_that_holds_the_state_is_never_killed_for_silence) {
  auto it = Supervised::begun(1);
  it.ticks(10'000);
  EXPECT_EQ(it.killed, Indices{});
}

TEST(SupervisorPolicy, a_member_that_asks_has_the_others_killed_and_not_only_excluded) {
  auto it = Supervised::begun(3);
  it.ask(0, {1});
  EXPECT_EQ(it.killed, Indices{1});
  EXPECT_EQ(it.view(), 0U);
  it.die({1});
  EXPECT_EQ(it.members(), "0 2");
  EXPECT_TRUE(it.has_said("Replica 1 was killed: replica 0 says: no heartbeat"));
}

TEST(SupervisorPolicy, of_two_that_ask_for_views_without_each_other_only_one_ends) {
  auto it = Supervised::begun(2);
  it.ask(0, {1});
  it.ask(1, {0});
  EXPECT_EQ(it.killed, Indices{1});
}

TEST(SupervisorPolicy, a_joiner_cannot_have_the_only_holder_of_the_state_killed) {
  auto it = Supervised::begun(2);
  it.die({1});
  it.start(1, 2);
  it.finds_nothing(1);
  it.pong(0);
  it.ready(1);
  ASSERT_EQ(it.members(), "0 1");
  it.forget();
  it.ask(1, {0});
  EXPECT_EQ(it.killed, Indices{});
}

TEST(SupervisorPolicy, an_ask_for_a_view_that_is_over_gets_the_newest_record) {
  auto it = Supervised::begun(3);
  it.die({2});
  it.forget();
  it.ask(0, {1}, ViewNumber(0));
  EXPECT_EQ(it.killed, Indices{});
  EXPECT_EQ(it.told_view(0), 1U);
}

TEST(SupervisorPolicy, a_process_that_is_no_member_cannot_ask_for_views) {
  auto it = Supervised::begun(3);
  it.die({2});
  it.start(2, 2);
  it.finds_nothing(2);
  it.forget();
  it.ask(2, {0});
  EXPECT_EQ(it.killed, Indices{});
  EXPECT_EQ(it.told_view(2), 1U);
}

TEST(SupervisorPolicy, a_member_may_ask_for_the_same_members_once_more) {
  auto it = Supervised::begun(2);
  it.ask(0, {});
  EXPECT_EQ(it.members(), "0 1");
  EXPECT_EQ(it.view(), 1U);
}

TEST(SupervisorPolicy, a_member_that_leaves_leaves_alone_and_is_not_called_dead) {
  auto it = Supervised::begun(3);
  it.ask(1, {1, 2});
  EXPECT_EQ(it.members(), "0 2") << "nobody is excluded beside it without being killed";
  EXPECT_TRUE(it.policy.record().known_dead.empty());
  EXPECT_EQ(it.told_view(1), 1U) << "it ends when it reads the record";
}

TEST(SupervisorPolicy, the_only_holder_of_the_state_cannot_leave) {
  auto it = Supervised::begun(1);
  it.ask(0, {0});
  EXPECT_EQ(it.view(), 0U);
}

TEST(SupervisorPolicy, the_record_names_the_newest_of_the_dead_and_not_more_than_may_be_in_it) {
  auto it = Supervised::begun(2);
  for (std::uint64_t life = 2; life < 2 * limits::kKnownDeadMax; ++life) {
    it.die({1});
    it.start(1, life);
    it.finds_nothing(1);
    it.pong(0);
    it.ready(1);
    it.pong(0);
    it.pong(1);
  }
  it.die({1});
  EXPECT_EQ(it.policy.record().known_dead.size(), limits::kKnownDeadMax);
  EXPECT_EQ(it.policy.record().known_dead.back(), it.policy.incarnation(1));
}

// --- the record and its disk

TEST(SupervisorPolicy, nobody_hears_of_a_record_before_it_is_on_disk) {
  auto it = Supervised::begun(3);
  it.disk_full = true;
  it.die({1});
  EXPECT_TRUE(it.told.empty());
  EXPECT_TRUE(it.has_said("The view register cannot be kept"));
  it.disk_full = false;
  it.ticks(1, {0, 2});
  EXPECT_EQ(it.told_view(0), 1U);
  EXPECT_FALSE(it.told_before_saved);
}

TEST(SupervisorPolicy, a_replica_that_starts_while_the_record_is_not_on_disk_hears_of_it_afterwards) {
  for (const bool durable : {true, false}) {
    auto it = Supervised::begun(3, durable);
    it.disk_full = true;
    it.die({1});
    it.start(1, 2);
    if (durable) it.finds_nothing(1);
    it.ask(0, {2}, ViewNumber(0));
    EXPECT_TRUE(it.told.empty());
    it.disk_full = false;
    it.ticks(1, {0, 2});
    EXPECT_EQ(it.told_view(1), 1U);
    EXPECT_FALSE(it.told_before_saved);
  }
}

TEST(SupervisorPolicy, nothing_is_asked_and_nobody_joins_while_the_record_is_not_on_disk) {
  auto it = Supervised::begun(4);
  it.die({3});
  it.start(3, 2);
  it.finds_nothing(3);
  it.disk_full = true;
  it.die({2});
  it.forget();
  it.ask(0, {1});
  it.pong(0);
  it.pong(1);
  it.ready(3);
  EXPECT_EQ(it.killed, Indices{});
  EXPECT_EQ(it.members(), "0 1");
}

TEST(SupervisorPolicy, the_operator_hears_once_that_the_register_cannot_be_kept) {
  auto it = Supervised::begun(3);
  it.disk_full = true;
  it.die({1});
  it.ticks(100, {0, 2});
  EXPECT_EQ(std::ranges::count_if(it.said, [](const auto& text) { return text.starts_with("The view register"); }),
            1);
}

TEST(SupervisorPolicy, in_a_durable_cluster_a_replica_hears_nothing_before_it_has_said_what_its_disk_has) {
  auto it = Supervised::begun(3);
  it.die({1});
  it.start(1, 2);
  it.die({2});
  EXPECT_EQ(it.told_view(1), 0U);
  it.finds_nothing(1);
  EXPECT_EQ(it.told_view(1), 2U);
}

TEST(SupervisorPolicy, one_that_is_connected_again_hears_the_newest_record) {
  auto it = Supervised::begun(3);
  it.forget();
  it.policy.connected(0);
  it.ticks(1, {0, 1, 2});
  EXPECT_EQ(it.told.size(), 1U);
}

// --- who joins

TEST(SupervisorPolicy, learners_join_together_when_every_member_has_installed_the_newest_view) {
  auto it = Supervised::begun(4);
  it.die({2, 3});
  for (const ReplicaIndex i : Indices{2, 3}) {
    it.start(i, 2);
    it.finds_nothing(i);
  }
  it.pong(0);
  it.ready(2);
  it.ready(3);
  EXPECT_EQ(it.members(), "0 1") << "replica 1 has not installed the view yet";
  it.pong(1);
  EXPECT_EQ(it.members(), "0 1 2 3");
  EXPECT_EQ(it.view(), 2U);
}

TEST(SupervisorPolicy, a_learner_joins_when_its_earlier_process_is_out_of_the_view) {
  auto it = Supervised::begun(2);
  it.ask(0, {1});
  it.die({1});
  it.start(1, 2);
  it.finds_nothing(1);
  it.pong(0);
  it.ready(1);
  EXPECT_EQ(it.members(), "0 1");
  EXPECT_TRUE(it.policy.member(1));
}

TEST(SupervisorPolicy, a_learner_that_is_about_to_die_does_not_join) {
  auto it = Supervised::begun(3);
  it.die({2});
  it.start(2, 2);
  it.finds_nothing(2);
  it.pong(0);
  ASSERT_TRUE(it.kill(2));
  it.ready(2);
  it.pong(1);
  EXPECT_EQ(it.members(), "0 1");
}

TEST(SupervisorPolicy, a_process_that_was_a_member_does_not_become_one_again) {
  auto it = Supervised::begun(2);
  it.ask(1, {1});
  ASSERT_EQ(it.members(), "0");
  it.pong(0);
  it.ready(1);
  EXPECT_EQ(it.members(), "0");
}

// --- the operator

TEST(SupervisorPolicy, the_operator_kills_all_but_the_last_that_has_the_state) {
  auto it = Supervised::begun(3);
  EXPECT_TRUE(it.kill(1));
  EXPECT_EQ(it.kill(1).error().code, Code::kDuplicate);
  EXPECT_TRUE(it.kill(0));
  EXPECT_EQ(it.kill(2).error().code, Code::kNotEnough);
  EXPECT_EQ(it.kill(9).error().code, Code::kNotFound);
  EXPECT_EQ(it.killed, (Indices{1, 0}));
}

TEST(SupervisorPolicy, a_member_that_is_being_killed_to_be_excluded_does_not_stand_in_for_another) {
  auto it = Supervised::begun(2);
  it.ticks(15, {0});
  ASSERT_EQ(it.killed, Indices{1});
  EXPECT_EQ(it.policy.alive(), 1U);
  EXPECT_EQ(it.kill(0).error().code, Code::kNotEnough);
}

TEST(SupervisorPolicy, a_replica_that_the_operator_killed_stays_dead_until_it_is_started) {
  auto it = Supervised::begun(3);
  ASSERT_TRUE(it.kill(1));
  EXPECT_EQ(it.policy.may_start(1).error().code, Code::kBusy) << "it has not ended yet";
  it.die({1});
  it.ticks(1000, {0, 2});
  EXPECT_EQ(it.started, Indices{});
  EXPECT_TRUE(it.policy.may_start(1));
  EXPECT_EQ(it.policy.may_start(0).error().code, Code::kDuplicate);
  EXPECT_EQ(it.policy.may_start(3).error().code, Code::kNotFound);
}

// --- restarts

TEST(SupervisorPolicy, a_replica_that_fails_is_started_again_after_a_wait) {
  auto it = Supervised::begun(3);
  it.die({1}, "the disk is full");
  EXPECT_TRUE(it.has_said("Replica 1 has failed (exit code 1): the disk is full. It is started again in 0.5 s."));
  it.ticks(9, {0, 2});
  EXPECT_EQ(it.started, Indices{});
  it.ticks(1, {0, 2});
  EXPECT_EQ(it.started, Indices{1});
}

TEST(SupervisorPolicy, a_replica_that_fails_too_often_stays_dead_and_the_operator_hears_what_to_do) {
  auto it = Supervised::begun(3);
  for (std::uint64_t life = 2; life < 6; ++life) {
    it.die({1});
    it.ticks(100, {0, 2});
    it.start(1, life);
    it.finds_nothing(1);
  }
  ASSERT_EQ(it.started.size(), 4U);
  it.die({1});
  it.ticks(1000, {0, 2});
  EXPECT_EQ(it.started.size(), 4U);
  EXPECT_TRUE(it.has_said("look into logs/replica-1.log; 'start 1' starts it"));
}

TEST(SupervisorPolicy, a_kill_of_a_replica_that_waits_to_be_started_again_leaves_it_dead) {
  auto it = Supervised::begun(3);
  it.die({1});
  EXPECT_TRUE(it.kill(1));
  it.ticks(100, {0, 2});
  EXPECT_EQ(it.started, Indices{});
}

TEST(SupervisorPolicy, an_end_is_reported_when_the_last_words_can_no_longer_come) {
  auto it = Supervised::begun(3);
  it.policy.died(it.now, {{1, "exit code 1"}});
  it.ticks(1, {0, 2});
  EXPECT_FALSE(it.has_said("Replica 1"));
  it.policy.disconnected(it.now, 1, "no space left");
  it.ticks(1, {0, 2});
  EXPECT_TRUE(it.has_said("no space left"));
}

TEST(SupervisorPolicy, in_memory_nobody_is_started_when_nobody_is_left_to_learn_from) {
  auto it = Supervised::begun(2, false);
  it.die({0, 1});
  it.ticks(100);
  EXPECT_EQ(it.started, Indices{});
  EXPECT_TRUE(it.has_said("what was in memory is lost"));
}

TEST(SupervisorPolicy, nothing_is_excluded_started_or_reported_while_the_supervisor_ends) {
  auto it = Supervised::begun(3);
  it.policy.end();
  it.die({0, 1, 2});
  it.ticks(100);
  EXPECT_EQ(it.view(), 0U);
  EXPECT_TRUE(it.said.empty());
  EXPECT_EQ(it.started, Indices{});
}

}  // namespace
}  // namespace titer::cluster
