// SPDX-License-Identifier: Apache-2.0

#include "view/startup_step.h"

#include <gtest/gtest.h>

#include "view/testing/members.h"

namespace titer::view {
namespace {

using Kind = StartupStep::Kind;

ClusterRecord record_of(std::uint64_t view, std::vector<smr::Member> members) {
  ClusterRecord record;
  record.view = {ViewNumber(view), std::move(members), {}};
  for (std::uint16_t i = 0; i < 3; ++i) record.roster.push_back({ReplicaId(i), member(i, 0).address, ""});
  return record;
}

// A process whose disk was the one of `life` in this view.
StartingProcess whole(std::uint16_t id, std::uint64_t now, std::uint64_t life, std::uint64_t installed) {
  StartingProcess self{member(id, now), {}, false, {}};
  self.inventory.whole = true;
  self.inventory.installed = ViewNumber(installed);
  self.inventory.lives = {Incarnation(life), Incarnation(now)};
  return self;
}

StartingProcess fresh(std::uint16_t id, std::uint64_t now) { return {member(id, now), {}, true, {}}; }

TEST(StartupStep, where_nobody_has_begun_an_empty_disk_founds_and_notes_it_first) {
  const StartupStep first = decide_startup(record_of(0, {}), fresh(1, 201), 0);
  ASSERT_EQ(first.kind, Kind::kChange);
  EXPECT_TRUE(first.bootstraps);
  StartingProcess self = fresh(1, 201);
  self.bootstrap_attempts = {Incarnation(201)};
  EXPECT_EQ(decide_startup(*first.next, self, 0).kind, Kind::kBootstrap);
}

TEST(StartupStep, where_nobody_has_begun_a_disk_with_data_is_refused) {
  EXPECT_EQ(decide_startup(record_of(0, {}), whole(1, 201, 101, 9), 0).kind, Kind::kRefuse);
}

TEST(StartupStep, who_lost_the_race_to_found_learns) {
  StartingProcess self = fresh(1, 201);
  self.bootstrap_attempts = {Incarnation(201)};
  EXPECT_EQ(decide_startup(record_of(1, {member(0, 200)}), self, 0).kind, Kind::kLearn);
}

TEST(StartupStep, a_founder_that_died_before_its_disk_had_anything_is_followed_by_its_next_process) {
  StartingProcess self = fresh(1, 301);
  self.bootstrap_attempts = {Incarnation(201)};
  const StartupStep next = decide_startup(record_of(1, {member(1, 201)}), self, 0);
  ASSERT_EQ(next.kind, Kind::kChange);
  EXPECT_TRUE(next.bootstraps);
  EXPECT_EQ(next.next->view, (smr::ViewRecord{ViewNumber(2), {member(1, 301)}, {}}));
}

TEST(StartupStep, nobody_founds_where_others_are_or_without_its_own_note) {
  const auto learns = [](const ClusterRecord& record, const StartingProcess& self) {
    const StartupStep says = decide_startup(record, self, 0);
    return says.next && !says.bootstraps && decide_startup(*says.next, self, 0).kind == Kind::kLearn;
  };
  EXPECT_TRUE(learns(record_of(1, {member(1, 201)}), fresh(1, 301)));
  StartingProcess self = fresh(1, 301);
  self.bootstrap_attempts = {Incarnation(201)};
  EXPECT_TRUE(learns(record_of(2, {member(0, 200), member(1, 201)}), self));
}

TEST(StartupStep, who_is_not_in_the_view_learns_whatever_its_disk_has) {
  const ClusterRecord record = record_of(7, {member(0, 100)});
  EXPECT_EQ(decide_startup(record, fresh(1, 201), 0).kind, Kind::kLearn);
  EXPECT_EQ(decide_startup(record, whole(1, 201, 101, 6), 0).kind, Kind::kLearn);
}

TEST(StartupStep, who_was_in_the_view_announces_itself_and_waits_for_the_others) {
  const ClusterRecord record = record_of(7, {member(0, 100), member(2, 102)});
  const StartingProcess self = whole(0, 200, 100, 7);
  const StartupStep first = decide_startup(record, self, 0);
  ASSERT_EQ(first.kind, Kind::kChange);
  EXPECT_FALSE(first.bootstraps);
  ASSERT_EQ(first.next->returned.size(), 1U);
  EXPECT_EQ(first.next->view, record.view);
  const StartupStep second = decide_startup(*first.next, self, kGraceUs - 1);
  EXPECT_EQ(second.kind, Kind::kWait);
  EXPECT_NE(second.why.find("newer writes: 2."), std::string::npos) << second.why;
}

TEST(StartupStep, when_all_have_returned_they_begin_together_at_once) {
  const ClusterRecord record = record_of(7, {member(0, 100), member(2, 102)});
  const StartupStep first = decide_startup(record, whole(0, 200, 100, 7), 0);
  const StartupStep second = decide_startup(*first.next, whole(2, 202, 102, 7), 0);
  ASSERT_EQ(second.kind, Kind::kChange);
  const StartupStep begin = decide_startup(*second.next, whole(0, 200, 100, 7), 0);
  ASSERT_EQ(begin.kind, Kind::kChange);
  EXPECT_EQ(begin.next->view.members, (std::vector{member(0, 200), member(2, 202)}));
  EXPECT_EQ(begin.next->view.number, ViewNumber(8));
  EXPECT_TRUE(begin.next->returned.empty());
  EXPECT_EQ(decide_startup(*begin.next, whole(2, 202, 102, 7), 0).kind, Kind::kResume);
}

// View 7 of all three, after the announcements of these.
ClusterRecord after_failure_of_all(const std::vector<StartingProcess>& back) {
  ClusterRecord record = record_of(7, {member(0, 100), member(1, 101), member(2, 102)});
  for (const StartingProcess& one : back) record = *decide_startup(record, one, 0).next;
  return record;
}

constexpr std::int64_t kADayUs = 86'400'000'000;

TEST(StartupStep, a_minority_waits_for_the_others_however_long_and_says_for_whom) {
  const StartingProcess self = whole(2, 202, 102, 7);
  ClusterRecord record = after_failure_of_all({self});
  record.marks = {{ReplicaId(0), Incarnation(100), ViewNumber(7), Position(42)}};
  const StartupStep step = decide_startup(record, self, kADayUs);
  EXPECT_EQ(step.kind, Kind::kWait);
  EXPECT_NE(step.why.find("0 (last recorded at position 42 of view 7), 1."), std::string::npos) << step.why;
  EXPECT_NE(step.why.find("titer recover"), std::string::npos);
}

TEST(StartupStep, half_of_the_members_is_a_minority) {
  const ClusterRecord record = record_of(7, {member(0, 100), member(2, 102)});
  const StartingProcess self = whole(2, 202, 102, 7);
  EXPECT_EQ(decide_startup(*decide_startup(record, self, 0).next, self, kADayUs).kind, Kind::kWait);
}

TEST(StartupStep, a_majority_begins_after_the_grace) {
  const StartingProcess self = whole(2, 202, 102, 7);
  const ClusterRecord record = after_failure_of_all({self, whole(0, 200, 100, 7)});
  EXPECT_EQ(decide_startup(record, self, kGraceUs - 1).kind, Kind::kWait);
  const StartupStep begin = decide_startup(record, self, kGraceUs);
  ASSERT_EQ(begin.kind, Kind::kChange);
  EXPECT_EQ(begin.next->view.members, (std::vector{member(0, 200), member(2, 202)}));
  ASSERT_TRUE(begin.next->restart);
  EXPECT_EQ(begin.next->restart->from, record.view.members);
  EXPECT_FALSE(begin.next->restart->any);
}

TEST(StartupStep, the_last_one_that_stayed_begins_alone_at_once) {
  const ClusterRecord record = record_of(7, {member(2, 102)});
  const StartingProcess self = whole(2, 202, 102, 7);
  const StartupStep begin = decide_startup(*decide_startup(record, self, 0).next, self, 0);
  ASSERT_EQ(begin.kind, Kind::kChange);
  EXPECT_EQ(begin.next->view.members, std::vector{member(2, 202)});
}

TEST(StartupStep, where_the_operator_configured_it_any_one_begins_after_the_grace) {
  StartingProcess self = whole(2, 202, 102, 7);
  self.any_may_restart = true;
  const ClusterRecord record = after_failure_of_all({self});
  EXPECT_EQ(decide_startup(record, self, kGraceUs - 1).kind, Kind::kWait);
  const StartupStep begin = decide_startup(record, self, kGraceUs);
  ASSERT_EQ(begin.kind, Kind::kChange);
  EXPECT_EQ(begin.next->view.members, std::vector{member(2, 202)});
  EXPECT_TRUE(begin.next->restart->any);
}

// Its old data is nowhere any more, so there is nothing to wait for.
TEST(StartupStep, when_a_lost_disk_has_been_replaced_the_others_begin_without_it) {
  const StartingProcess self = whole(2, 202, 102, 7);
  const ClusterRecord record = after_failure_of_all({self, fresh(0, 200), fresh(1, 201)});
  EXPECT_EQ(decide_startup(record, fresh(1, 201), 0).kind, Kind::kLearn);
  const StartupStep begin = decide_startup(record, self, 0);
  ASSERT_EQ(begin.kind, Kind::kChange);
  EXPECT_EQ(begin.next->view.members, std::vector{member(2, 202)});
}

TEST(StartupStep, a_replaced_disk_does_not_count_towards_the_majority) {
  const StartingProcess self = whole(2, 202, 102, 7);
  const ClusterRecord record = after_failure_of_all({self, fresh(0, 200)});
  EXPECT_EQ(decide_startup(record, self, kADayUs).kind, Kind::kWait);
}

// A restart failed after the record named 0 and 2 of three; 2 alone is a minority of the three still.
TEST(StartupStep, after_a_restart_that_failed_the_majority_is_that_of_the_view_before) {
  ClusterRecord record = record_of(8, {member(0, 200), member(2, 202)});
  record.restart = Restart{{member(0, 100), member(1, 101), member(2, 102)}, false};
  StartingProcess self = whole(2, 302, 102, 7);
  self.inventory.lives.insert(self.inventory.lives.begin() + 1, Incarnation(202));
  record = *decide_startup(record, self, 0).next;
  EXPECT_EQ(decide_startup(record, self, kADayUs).kind, Kind::kWait);
}

// The record names 0 and 2 of three, and 0 is lost with its disk before anybody was answered: 1 has everything too.
TEST(StartupStep, in_a_restart_that_is_not_over_every_member_of_the_view_before_counts) {
  ClusterRecord record = record_of(8, {member(0, 200), member(2, 202)});
  record.restart = Restart{{member(0, 100), member(1, 101), member(2, 102)}, false};
  StartingProcess again = whole(2, 302, 102, 7);
  again.inventory.lives.insert(again.inventory.lives.begin() + 1, Incarnation(202));
  const StartingProcess other = whole(1, 201, 101, 7);
  for (const StartingProcess& one : {again, other}) record = *decide_startup(record, one, 0).next;
  const StartupStep begin = decide_startup(record, other, kGraceUs);
  ASSERT_EQ(begin.kind, Kind::kChange);
  EXPECT_EQ(begin.next->view.members, (std::vector{member(1, 201), member(2, 302)}));
  EXPECT_EQ(begin.next->view.number, ViewNumber(9));
  EXPECT_EQ(begin.next->restart->from, record.restart->from);
  EXPECT_EQ(decide_startup(*begin.next, other, 0).kind, Kind::kResume);
}

TEST(StartupStep, once_the_restart_is_over_a_disk_that_was_not_in_it_learns) {
  ClusterRecord record = record_of(8, {member(0, 200), member(2, 202)});
  record.restart = Restart{{member(0, 100), member(1, 101), member(2, 102)}, false};
  const StartingProcess late = whole(1, 201, 101, 7);
  record = *decide_startup(record, late, 0).next;
  EXPECT_EQ(decide_startup(record, late, kGraceUs - 1).kind, Kind::kWait);
  record = *marked(record, {ReplicaId(2), Incarnation(202), ViewNumber(8), Position(5)});
  EXPECT_TRUE(record.returned.empty());
  EXPECT_EQ(decide_startup(record, late, kADayUs).kind, Kind::kLearn);
}

// --- disks that have gone back in time

TEST(StartupStep, a_mark_of_the_view_before_counts_while_its_restart_is_under_way) {
  ClusterRecord record = record_of(7, {member(0, 100), member(1, 101), member(2, 102)});
  record.marks = {{ReplicaId(1), Incarnation(101), ViewNumber(7), Position(900)}};
  for (const StartingProcess& one : {whole(0, 200, 100, 7), whole(2, 202, 102, 7)})
    record = *decide_startup(record, one, 0).next;
  record = *decide_startup(record, whole(0, 200, 100, 7), kGraceUs).next;
  ASSERT_EQ(record.view.number, ViewNumber(8));
  StartingProcess old = whole(1, 201, 101, 7);
  old.inventory.position = Position(899);
  EXPECT_FALSE(decide_startup(record, old, 0).next->returned[0].inventory.whole);
}

TEST(StartupStep, a_disk_below_its_mark_learns_even_when_it_is_alone) {
  ClusterRecord record = record_of(7, {member(2, 102)});
  record.marks = {{ReplicaId(2), Incarnation(102), ViewNumber(7), Position(900)}};
  StartingProcess self = whole(2, 202, 102, 7);
  self.inventory.position = Position(899);
  const StartupStep first = decide_startup(record, self, 0);
  ASSERT_EQ(first.kind, Kind::kChange);
  EXPECT_FALSE(first.next->returned[0].inventory.whole);
  const StartupStep second = decide_startup(*first.next, self, 0);
  EXPECT_EQ(second.kind, Kind::kLearn);
  EXPECT_NE(second.why.find("gone back in time"), std::string::npos) << second.why;
  self.inventory.position = Position(900);
  self.inventory.installed = ViewNumber(6);
  EXPECT_EQ(decide_startup(*first.next, self, 0).kind, Kind::kLearn);
}

TEST(StartupStep, a_disk_at_its_mark_or_above_restarts) {
  ClusterRecord record = record_of(7, {member(2, 102)});
  record.marks = {{ReplicaId(2), Incarnation(102), ViewNumber(7), Position(900)}};
  StartingProcess self = whole(2, 202, 102, 7);
  self.inventory.position = Position(900);
  EXPECT_TRUE(decide_startup(record, self, 0).next->returned[0].inventory.whole);
}

TEST(StartupStep, a_mark_of_a_membership_that_is_over_says_nothing) {
  ClusterRecord record = record_of(7, {member(2, 102)});
  record.marks = {{ReplicaId(2), Incarnation(92), ViewNumber(7), Position(900)}};
  EXPECT_TRUE(decide_startup(record, whole(2, 202, 102, 7), 0).next->returned[0].inventory.whole);
}

// The others exclude its dead life when its link breaks; then its disk counts no more.
TEST(StartupStep, whose_dead_life_was_excluded_meanwhile_learns) {
  const ClusterRecord record = record_of(8, {member(0, 100)});
  EXPECT_EQ(decide_startup(record, whole(2, 202, 102, 7), 3'000'000).kind, Kind::kLearn);
}

TEST(StartupStep, a_disk_that_was_wiped_or_was_a_learners_does_not_speak_for_the_member_of_its_id) {
  const ClusterRecord record = record_of(7, {member(0, 100), member(2, 102)});
  StartingProcess learner = whole(2, 202, 102, 7);
  learner.inventory.whole = false;
  for (const StartingProcess& one : {fresh(2, 202), learner, whole(2, 202, 99, 7)}) {
    const StartupStep says = decide_startup(record, one, 0);
    ASSERT_EQ(says.kind, Kind::kChange);
    EXPECT_FALSE(says.next->returned[0].inventory.whole);
    EXPECT_EQ(decide_startup(*says.next, one, kGraceUs).kind, Kind::kLearn);
  }
}

// --- a backup as the beginning

// A disk that `titer restore` wrote as that of `life`.
StartingProcess of_backup(std::uint16_t id, std::uint64_t now, std::uint64_t life) {
  return whole(id, now, life, 0);
}

TEST(StartupStep, a_backup_that_the_record_names_begins_at_once_and_nobody_founds_beside_it) {
  const ClusterRecord record = *restored(record_of(0, {}), member(1, 101));
  EXPECT_EQ(decide_startup(record, fresh(0, 200), 0).kind, Kind::kLearn);
  EXPECT_FALSE(bootstrapped(record, member(0, 200)));
  const StartupStep first = decide_startup(record, of_backup(1, 201, 101), 0);
  ASSERT_EQ(first.kind, Kind::kChange);
  const StartupStep begin = decide_startup(*first.next, of_backup(1, 201, 101), 0);
  ASSERT_EQ(begin.kind, Kind::kChange);
  EXPECT_EQ(begin.next->view.number, ViewNumber(1));
  EXPECT_EQ(begin.next->view.members, std::vector{member(1, 201)});
  EXPECT_EQ(decide_startup(*begin.next, of_backup(1, 201, 101), 0).kind, Kind::kResume);
}

TEST(StartupStep, a_backup_that_no_record_knows_neither_founds_nor_learns) {
  for (const ClusterRecord& record :
       {record_of(0, {}), record_of(1, {member(0, 200)}), record_of(1, {member(1, 301)}),
        *restored(record_of(0, {}), member(1, 301)), *restored(record_of(0, {}), member(2, 302))}) {
    const StartupStep refused = decide_startup(record, of_backup(1, 201, 101), kGraceUs);
    EXPECT_EQ(refused.kind, Kind::kRefuse);
    EXPECT_NE(refused.why.find("emove the data directory"), std::string::npos) << refused.why;
  }
}

TEST(StartupStep, without_a_place_in_the_roster_or_at_another_one_it_is_refused) {
  ClusterRecord record = record_of(7, {member(0, 100)});
  record.roster.pop_back();
  EXPECT_NE(decide_startup(record, fresh(2, 202), 0).why.find("titer replica add 2"), std::string::npos);
  record.roster[1].wire = "10.0.0.77:8892";
  const StartupStep moved = decide_startup(record, fresh(1, 201), 0);
  EXPECT_EQ(moved.kind, Kind::kRefuse);
  EXPECT_NE(moved.why.find("10.0.0.77:8892"), std::string::npos);
}

// --- a process that runs

TEST(StartupStep, a_member_without_the_state_gives_way_to_one_that_has_returned_with_it) {
  const ClusterRecord before = record_of(7, {member(0, 100), member(1, 101)});
  const StartingProcess holder = whole(0, 200, 100, 7);
  const ClusterRecord record = *announced(before, {holder.now, holder.inventory});
  EXPECT_EQ(decide_startup(record, holder, 100 * kGraceUs).kind, Kind::kWait) << "it waits for replica 1";
  EXPECT_TRUE(gives_way(record, member(1, 101), false));
  EXPECT_FALSE(gives_way(record, member(1, 101), true)) << "one with the state excludes the dead instead";
  EXPECT_FALSE(gives_way(before, member(1, 101), false)) << "nobody has returned";
  EXPECT_FALSE(gives_way(record, member(2, 102), false)) << "it is no member";
  // Its next process says that it has nothing, and the holder goes on.
  const StartupStep next = decide_startup(record, fresh(1, 201), 0);
  ASSERT_EQ(next.kind, Kind::kChange);
  const StartupStep resumes = decide_startup(*next.next, holder, 0);
  ASSERT_EQ(resumes.kind, Kind::kChange);
  EXPECT_EQ(resumes.next->view.members, std::vector{member(0, 200)});
}

TEST(StartupStep, nobody_gives_way_to_a_disk_that_has_nothing) {
  ClusterRecord record = record_of(7, {member(0, 100), member(1, 101)});
  StartingProcess other = whole(0, 200, 100, 7);
  other.inventory.whole = false;
  record = *announced(record, {other.now, other.inventory});
  EXPECT_FALSE(gives_way(record, member(1, 101), false));
}

}  // namespace
}  // namespace titer::view
