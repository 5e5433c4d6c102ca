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

// Found by the simulator (seeds 11, 53 and 125): the state that it restarted from is on its disk alone.
TEST(SupervisorRestart, the_last_one_is_not_killed_before_it_has_answered) {
  auto it = Supervised::restarting(1, {0});
  it.finds(0, 5, {1, 2});
  EXPECT_EQ(it.members(), "0");
  EXPECT_EQ(it.kill(0).error().code, Code::kNotEnough);
  it.pong(0, true, ViewNumber(6));
  EXPECT_EQ(it.kill(0).error().code, Code::kNotEnough);
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

// Found by the simulator: the cluster stood still for good.
TEST(SupervisorRestart, a_record_that_is_saved_late_makes_no_learner_of_a_replica_that_may_restart) {
  auto it = Supervised::begun(2);
  it.disk_full = true;
  it.die({1});
  it.die({0});
  it.start(0, 2);
  it.start(1, 2);
  it.finds(0, 0, {1, 2});
  it.disk_full = false;
  it.ticks(1);
  EXPECT_EQ(it.told_view(0), 0U) << "replica 1 has not said yet what it has";
  it.finds_nothing(1);
  EXPECT_EQ(it.members(), "0");
  EXPECT_EQ(it.told_view(0), it.view());
  EXPECT_EQ(it.told_view(1), it.view()) << "it learns";
}

// Replicas that do what a seed says, within what real ones do.
class RandomLives {
 public:
  explicit RandomLives(std::uint64_t seed)
      : random_(seed),
        replicas_(static_cast<ReplicaIndex>(1 + random_.below(5))),
        all_(replicas_),
        it(Supervised::begun(replicas_)) {}

  void step() {
    const ReplicaIndex i = some();
    it.disk_full = random_.chance(.1);
    if (!it.policy.has_process(i))
      random_.chance(.5) ? begin(i) : it.ticks(1);
    else if (random_.chance(.08))
      it.die({i});
    else if (random_.chance(.1))
      ask(i);
    else
      random_.chance(.7) ? answer(i) : it.ticks(1);
    bury();
  }
  // Everybody is started and answers, and the disk has room.
  void calm_round() {
    it.disk_full = false;
    it.ticks(1);
    for (ReplicaIndex i = 0; i < replicas_; ++i) {
      if (!it.policy.has_process(i)) begin(i);
      answer(i);
    }
    bury();
  }
  [[nodiscard]] ReplicaIndex replicas() const { return replicas_; }

 private:
  struct One {
    std::uint64_t life = 1;
    std::vector<std::uint64_t> lives{1};  // on its disk, since it was a member
    std::uint64_t installed = 0;
    bool served = true;  // in this life, as a member
  };

  [[nodiscard]] ReplicaIndex some() { return static_cast<ReplicaIndex>(random_.below(replicas_)); }
  void begin(ReplicaIndex i) {
    it.told.erase(i);
    all_[i].served = false;
    it.start(i, ++all_[i].life);
    all_[i].lives.push_back(all_[i].life);
  }
  void ask(ReplicaIndex i) {
    all_[i].served = all_[i].served || it.policy.member(i);
    it.ask(i, {some()});
  }
  void answer(ReplicaIndex i) {
    One& one = all_[i];
    const auto record = it.told.find(i);
    if (record == it.told.end() && !one.served) return it.finds(i, one.installed, one.lives);
    if (!it.policy.member(i)) {
      if (one.served) return it.die({i});  // excluded, or it has left
      one.lives.clear();                   // a learner
      return it.ready(i);
    }
    if (one.lives.empty() || one.lives.back() != one.life) one.lives = {one.life};
    one.served = true;
    if (record != it.told.end()) one.installed = record->second.number.value;
    it.pong(i, true, ViewNumber(one.installed));
  }
  void bury() {
    for (const ReplicaIndex victim : std::exchange(it.killed, {}))
      if (it.policy.has_process(victim)) it.die({victim});
  }

  Random random_;
  ReplicaIndex replicas_;
  std::vector<One> all_;

 public:
  Supervised it;
};

TEST(SupervisorRestart, whatever_happens_in_whatever_order_all_are_members_in_the_end) {
  const std::uint64_t first = 1, count = 300;
  for (std::uint64_t seed = first; seed < first + count; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    RandomLives lives(seed);
    for (int i = 0; i < 200; ++i) lives.step();
    EXPECT_FALSE(lives.it.told_before_saved);
    for (int i = 0; i < 60; ++i) lives.calm_round();
    EXPECT_EQ(lives.it.policy.record().members.size(), lives.replicas()) << lives.it.members();
  }
}

}  // namespace
}  // namespace titer::cluster
