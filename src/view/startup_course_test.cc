// SPDX-License-Identifier: Apache-2.0

#include "view/startup_course.h"

#include <gtest/gtest.h>

#include <vector>

#include "view/mark_schedule.h"
#include "view/testing/members.h"

namespace titer::view {
namespace {

using Kind = StartupStep::Kind;

constexpr BootTime kBegin{1'000'000};

BootTime after(std::int64_t us) { return BootTime(kBegin.value + us); }

ClusterRecord record_in(std::uint64_t view, std::vector<smr::Member> members) {
  ClusterRecord record;
  record.view = {ViewNumber(view), std::move(members), {}};
  for (std::uint16_t i = 0; i < 3; ++i) record.roster.push_back({ReplicaId(i), member(i, 0).address, ""});
  return record;
}

StartingProcess newcomer(std::uint16_t id, std::uint64_t now) { return {member(id, now), {}, true, {}}; }

// Of a member of view 7.
StartingProcess returned(std::uint16_t id, std::uint64_t now, std::uint64_t life) {
  StartingProcess self{member(id, now), {}, false, {}};
  self.inventory.whole = true;
  self.inventory.installed = ViewNumber(7);
  self.inventory.lives = {Incarnation(life), Incarnation(now)};
  return self;
}

StartupCourse::Note never() {
  return [](Incarnation) {
    ADD_FAILURE() << "nothing is to be noted";
    return ok_status();
  };
}

TEST(StartupCourse, a_bootstrap_is_noted_before_it_is_proposed_and_only_once) {
  std::vector<Incarnation> noted;
  StartupCourse course(newcomer(1, 201), [&](Incarnation one) {
    noted.push_back(one);
    return ok_status();
  });
  const NextRecord first = course.proposal(kBegin, record_in(0, {}));
  ASSERT_TRUE(first);
  EXPECT_EQ(noted, std::vector{Incarnation(201)});
  EXPECT_TRUE(course.proposal(kBegin, record_in(0, {})));
  EXPECT_EQ(noted.size(), 1U);
  EXPECT_EQ(course.step(kBegin, *first).kind, Kind::kBootstrap);
}

TEST(StartupCourse, without_its_note_on_disk_nothing_is_bootstrapped) {
  StartupCourse course(newcomer(1, 201), [](Incarnation) {
    return Status(Error{Code::kInternal, "no space left"});
  });
  EXPECT_FALSE(course.proposal(kBegin, record_in(0, {})));
  const ClusterRecord somehow = record_in(1, {member(1, 201)});
  EXPECT_EQ(course.step(kBegin, somehow).kind, Kind::kLearn);
}

TEST(StartupCourse, the_process_after_one_that_was_about_to_bootstrap_takes_its_place) {
  StartingProcess self = newcomer(1, 301);
  self.bootstrap_attempts = {Incarnation(201)};
  std::vector<Incarnation> noted;
  StartupCourse course(self, [&](Incarnation one) {
    noted.push_back(one);
    return ok_status();
  });
  const NextRecord next = course.proposal(kBegin, record_in(1, {member(1, 201)}));
  ASSERT_TRUE(next);
  EXPECT_EQ(noted, std::vector{Incarnation(301)});
  EXPECT_TRUE(next->view.has(ReplicaId(1), Incarnation(301)));
}

TEST(StartupCourse, it_waits_from_when_the_record_has_its_announcement) {
  StartupCourse course(returned(0, 200, 100), never());
  const ClusterRecord before = record_in(7, {member(0, 100), member(1, 101), member(2, 102)});
  const NextRecord announced = course.proposal(kBegin, before);
  ASSERT_TRUE(announced);
  EXPECT_FALSE(course.waits_long(after(10 * kGraceUs)));
  EXPECT_EQ(course.step(kBegin, *announced).kind, Kind::kWait);
  EXPECT_FALSE(course.proposal(kBegin, *announced)) << "it only waits";
  EXPECT_FALSE(course.waits_long(after(kGraceUs - 1)));
  EXPECT_TRUE(course.waits_long(after(kGraceUs)));
}

TEST(StartupCourse, a_majority_restarts_when_it_has_waited_and_not_before) {
  StartupCourse course(returned(0, 200, 100), never());
  ClusterRecord record = record_in(7, {member(0, 100), member(1, 101), member(2, 102)});
  for (const std::uint16_t id : std::vector<std::uint16_t>{0, 1}) {
    const StartingProcess other = returned(id, 200U + id, 100U + id);
    record = *announced(record, {other.now, other.inventory});
  }
  EXPECT_FALSE(course.proposal(kBegin, record));
  EXPECT_FALSE(course.proposal(after(kGraceUs - 1), record));
  const NextRecord next = course.proposal(after(kGraceUs), record);
  ASSERT_TRUE(next);
  EXPECT_EQ(next->view.members.size(), 2U);
  EXPECT_EQ(course.step(after(kGraceUs), *next).kind, Kind::kResume);
}

TEST(StartupCourse, a_minority_waits_however_long) {
  StartupCourse course(returned(0, 200, 100), never());
  const ClusterRecord before = record_in(7, {member(0, 100), member(1, 101), member(2, 102)});
  const NextRecord announced = course.proposal(kBegin, before);
  ASSERT_TRUE(announced);
  (void)course.step(kBegin, *announced);
  EXPECT_EQ(course.step(after(1000 * kGraceUs), *announced).kind, Kind::kWait);
}

TEST(StartupCourse, a_process_that_is_not_in_the_view_learns_and_proposes_nothing) {
  StartupCourse course(newcomer(2, 300), never());
  const ClusterRecord record = record_in(7, {member(0, 100), member(1, 101)});
  EXPECT_EQ(course.step(kBegin, record).kind, Kind::kLearn);
  EXPECT_FALSE(course.proposal(kBegin, record));
}

// --- marks

class MarkScheduleTest : public testing::Test {
 protected:
  bool due(std::int64_t us, std::uint64_t installed, std::uint64_t position) {
    DiskMark held{ReplicaId(0), Incarnation(100), ViewNumber(installed), Position(position)};
    if (!schedule.due(after(us), record, held)) return false;
    if (NextRecord next = marked(record, held)) record = *next;
    return true;
  }
  ClusterRecord record = record_in(7, {member(0, 100), member(1, 101)});
  MarkSchedule schedule;
};

TEST_F(MarkScheduleTest, each_installed_view_is_marked_immediately) {
  EXPECT_TRUE(due(0, 7, 10));
  EXPECT_FALSE(due(1, 7, 10));
  record.view.number = ViewNumber(8);
  EXPECT_TRUE(due(2, 8, 10));
}

TEST_F(MarkScheduleTest, a_position_that_moves_is_marked_from_time_to_time) {
  ASSERT_TRUE(due(0, 7, 10));
  EXPECT_FALSE(due(MarkSchedule::kAgainUs - 1, 7, 11));
  EXPECT_TRUE(due(MarkSchedule::kAgainUs, 7, 12));
  EXPECT_FALSE(due(2 * MarkSchedule::kAgainUs, 7, 12)) << "it has not moved";
}

TEST_F(MarkScheduleTest, the_only_member_marks_every_second) {
  record = record_in(7, {member(0, 100)});
  ASSERT_TRUE(due(0, 7, 10));
  EXPECT_FALSE(due(MarkSchedule::kAloneUs - 1, 7, 11));
  EXPECT_TRUE(due(MarkSchedule::kAloneUs, 7, 11));
}

TEST_F(MarkScheduleTest, a_mark_of_an_earlier_life_does_not_count) {
  record.marks = {{ReplicaId(0), Incarnation(50), ViewNumber(7), Position(99)}};
  EXPECT_TRUE(due(0, 7, 10));
}

TEST_F(MarkScheduleTest, only_members_mark) {
  record = record_in(7, {member(1, 101)});
  EXPECT_FALSE(due(0, 7, 10));
}

}  // namespace
}  // namespace titer::view
