// SPDX-License-Identifier: Apache-2.0

// SupervisorPolicy after members have failed that others need: which replicas go on, restart or learn.
#include <gtest/gtest.h>

#include "base/random.h"
#include "cluster/testing/supervised.h"

namespace titer::cluster {
namespace {

using Indices = std::vector<ReplicaIndex>;

// Replica 1 is a joiner: a member without the state.
Supervised with_joiner() {
  auto it = Supervised::begun(2);
  it.die({1});
  it.start(1, 2);
  it.finds_nothing(1);
  it.pong(0);
  it.ready(1);
  it.forget();
  return it;
}

TEST(SupervisorRestart, a_record_none_of_whose_members_holds_the_state_is_never_published) {
  auto it = with_joiner();
  const std::uint64_t before = it.view();
  it.die({0});
  EXPECT_EQ(it.view(), before);
  EXPECT_EQ(it.members(), "0 1");
  EXPECT_TRUE(it.has_said("Every acknowledged write is on the disks of: 0"));
}

TEST(SupervisorRestart, a_joiner_that_comes_to_hold_the_state_goes_on_without_the_dead) {
  auto it = with_joiner();
  it.die({0});
  it.pong(1, true, ViewNumber(it.view()));
  EXPECT_EQ(it.members(), "1");
  EXPECT_TRUE(it.has_said("Replica 1 has the whole state and goes on"));
}

TEST(SupervisorRestart, a_member_without_the_state_is_killed_before_the_others_restart_from_their_disks) {
  auto it = with_joiner();
  it.die({0});
  it.start(0, 2);
  const std::uint64_t before = it.view();
  it.finds(0, before, {1, 2});
  EXPECT_EQ(it.killed, Indices{1});
  EXPECT_EQ(it.view(), before) << "its death is not certain yet";
  it.die({1});
  EXPECT_EQ(it.members(), "0");
  EXPECT_EQ(it.told_view(0), before + 1);
}

TEST(SupervisorRestart, members_restart_once_every_replica_has_said_what_it_has) {
  auto it = Supervised::restarting(3, {0, 1});
  it.finds(0, 5, {1, 2});
  it.finds(1, 5, {1, 2});
  EXPECT_TRUE(it.told.empty());
  it.finds(2, 4, {1, 2});
  EXPECT_EQ(it.members(), "0 1");
  EXPECT_EQ(it.view(), 6U);
  EXPECT_EQ(it.told_view(2), 6U) << "it learns";
}

TEST(SupervisorRestart, a_question_before_the_restart_does_not_make_a_learner_of_a_replica) {
  auto it = Supervised::restarting(2, {0, 1});
  it.finds(0, 5, {1, 2});
  it.ask(0, {1});
  EXPECT_EQ(it.told_view(0), 0U);
  it.finds(1, 5, {1, 2});
  EXPECT_EQ(it.members(), "0 1");
}

TEST(SupervisorRestart, a_replica_that_dies_before_it_has_said_what_it_has_is_not_waited_for) {
  auto it = Supervised::restarting(3, {0, 1, 2});
  it.finds(0, 5, {1, 2});
  it.finds(1, 5, {1, 2});
  it.policy.bootstrapped();  // a view of this cluster has been told before
  it.die({2});
  EXPECT_EQ(it.members(), "0 1");
}

TEST(SupervisorRestart, nobody_restarts_before_every_replica_has_been_started) {
  Supervised it({2, true, true, "logs", {}});
  RegisterState state{7, 2, true, true, {}, {}};
  state.record.members = {Supervised::process(0, 1), Supervised::process(1, 1)};
  it.policy = SupervisorPolicy({2, true, true, "logs", {}}, state);
  it.start(0, 2);
  it.finds(0, 0, {1, 2});
  EXPECT_EQ(it.view(), 0U);
  it.start(1, 2);
  it.finds(1, 0, {1, 2});
  EXPECT_EQ(it.members(), "0 1");
}

TEST(SupervisorRestart, without_the_disk_of_a_last_member_nothing_restarts_and_the_reason_is_said) {
  auto it = Supervised::restarting(2, {0});
  it.finds_nothing(0);
  it.finds(1, 4, {1, 2});
  EXPECT_EQ(it.view(), 5U);
  EXPECT_FALSE(it.policy.obstacle().empty());
  EXPECT_TRUE(it.has_said("The cluster cannot restart"));
}

TEST(SupervisorRestart, a_replica_whose_disk_refuses_is_told_to_stop_and_not_started_again) {
  auto it = Supervised::restarting(3, {0, 1, 2});
  it.refuses(0, "the journal is damaged");
  EXPECT_EQ(it.stopped, Indices{0});
  EXPECT_TRUE(it.has_said("Replica 0 does not start: the journal is damaged"));
  it.finds(1, 5, {1, 2});
  it.finds(2, 5, {1, 2});
  EXPECT_EQ(it.members(), "1 2");
  it.die({0});
  it.ticks(1000, {1, 2});
  EXPECT_EQ(it.started, Indices{});
}

TEST(SupervisorRestart, a_restarted_member_may_be_excluded_while_another_one_holds_the_state) {
  auto it = Supervised::restarting(2, {0, 1});
  it.finds(0, 5, {1, 2});
  it.finds(1, 5, {1, 2});
  it.die({1});
  EXPECT_EQ(it.members(), "0");
  EXPECT_EQ(it.view(), 7U);
}

TEST(SupervisorRestart, all_that_fail_together_stay_in_the_record_and_restart) {
  auto it = Supervised::begun(3);
  it.die({0, 1, 2});
  EXPECT_EQ(it.members(), "0 1 2");
  it.ticks(10);
  ASSERT_EQ(it.started, (Indices{0, 1, 2}));
  for (const ReplicaIndex i : Indices{0, 1, 2}) it.start(i, 2);
  for (const ReplicaIndex i : Indices{0, 1, 2}) it.finds(i, 0, {1, 2});
  EXPECT_EQ(it.members(), "0 1 2");
  EXPECT_EQ(it.view(), 1U);
}

void live_at_random(std::uint64_t seed) {
  Random random(seed);
  const auto replicas = static_cast<ReplicaIndex>(1 + random.below(5));
  auto it = Supervised::begun(replicas);
  std::vector<std::uint64_t> life(replicas, 1);
  std::vector<std::vector<std::uint64_t>> lives(replicas, {1});  // on its disk, since it was a member
  std::vector<ViewNumber> installed(replicas);
  std::vector<bool> served(replicas, true);  // in this life, as a member
  const auto some = [&] { return static_cast<ReplicaIndex>(random.below(replicas)); };
  const auto begin = [&](ReplicaIndex i) {
    served[i] = false;
    it.start(i, ++life[i]);
    lives[i].push_back(life[i]);
  };
  const auto say_disk = [&](ReplicaIndex i) { it.finds(i, installed[i].value, lives[i]); };
  const auto answer = [&](ReplicaIndex i) {
    const auto record = it.told.find(i);
    if (record == it.told.end()) return say_disk(i);
    if (!it.policy.member(i)) {
      if (served[i]) return it.die({i});  // excluded, or it has left
      lives[i].clear();                   // a learner
      return it.ready(i);
    }
    if (lives[i].empty() || lives[i].back() != life[i]) lives[i] = {life[i]};
    served[i] = true;
    installed[i] = record->second.number;
    it.pong(i, true, installed[i]);
  };
  for (int step = 0; step < 200; ++step) {
    const ReplicaIndex i = some();
    const bool lives_now = it.policy.has_process(i);
    it.disk_full = random.chance(.1);
    if (!lives_now && random.chance(.5)) {
      it.told.erase(i);
      begin(i);
    } else if (lives_now && random.chance(.08)) {
      it.die({i});
    } else if (lives_now && random.chance(.1)) {
      served[i] = served[i] || it.policy.member(i);
      it.ask(i, {some()});
    } else if (lives_now && random.chance(.7)) {
      answer(i);
    } else {
      it.ticks(1);
    }
    while (!it.killed.empty()) {
      const ReplicaIndex victim = it.killed.back();
      it.killed.pop_back();
      if (it.policy.has_process(victim)) it.die({victim});
    }
    ASSERT_FALSE(it.told_before_saved);
  }
  it.disk_full = false;
  for (int round = 0; round < 60; ++round) {
    it.ticks(1);
    for (ReplicaIndex i = 0; i < replicas; ++i) {
      if (!it.policy.has_process(i)) {
        it.told.erase(i);
        begin(i);
      }
      answer(i);
    }
    for (const ReplicaIndex victim : std::exchange(it.killed, {})) it.die({victim});
  }
  EXPECT_EQ(it.policy.record().members.size(), replicas) << it.members() << (it.said.empty() ? "" : it.said.back());
}

// Whatever replicas and the kernel say, in whatever order: the invariants hold, and in the end all are members again.
TEST(SupervisorRestart, random_lives_end_with_all_as_members) {
  for (std::uint64_t seed = 1; seed <= 300; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    live_at_random(seed);
    if (HasFatalFailure()) return;
  }
}

}  // namespace
}  // namespace titer::cluster
