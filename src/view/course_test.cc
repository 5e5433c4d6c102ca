#include "view/course.h"

#include <gtest/gtest.h>

namespace titer::view {
namespace {

using Step = Course::Step;

smr::Member member(std::uint16_t id, std::uint64_t incarnation) {
  return {ReplicaId(id), Incarnation(incarnation), "10.0.0." + std::to_string(id) + ":8892"};
}

ClusterRecord record_of(std::uint64_t view, std::vector<smr::Member> members) {
  ClusterRecord record;
  record.view = {ViewNumber(view), std::move(members), {}};
  for (std::uint16_t i = 0; i < 3; ++i) record.roster.push_back({ReplicaId(i), member(i, 0).address, ""});
  return record;
}

// A process whose disk was the one of `life` in this view.
Starting whole(std::uint16_t id, std::uint64_t now, std::uint64_t life, std::uint64_t installed) {
  Starting self{member(id, now), {}, false, {}};
  self.inventory.whole = true;
  self.inventory.installed = ViewNumber(installed);
  self.inventory.lives = {Incarnation(life), Incarnation(now)};
  return self;
}

Starting fresh(std::uint16_t id, std::uint64_t now) { return {member(id, now), {}, true, {}}; }

TEST(Course, where_nobody_has_begun_an_empty_disk_founds_and_notes_it_first) {
  const Course first = course(record_of(0, {}), fresh(1, 201), 0);
  ASSERT_EQ(first.step, Step::kChange);
  EXPECT_TRUE(first.founds);
  Starting self = fresh(1, 201);
  self.foundings = {Incarnation(201)};
  EXPECT_EQ(course(*first.next, self, 0).step, Step::kFound);
}

TEST(Course, where_nobody_has_begun_a_disk_with_data_is_refused) {
  EXPECT_EQ(course(record_of(0, {}), whole(1, 201, 101, 9), 0).step, Step::kRefuse);
}

TEST(Course, who_lost_the_race_to_found_learns) {
  Starting self = fresh(1, 201);
  self.foundings = {Incarnation(201)};
  EXPECT_EQ(course(record_of(1, {member(0, 200)}), self, 0).step, Step::kLearn);
}

TEST(Course, a_founder_that_died_before_its_disk_had_anything_is_followed_by_its_next_process) {
  Starting self = fresh(1, 301);
  self.foundings = {Incarnation(201)};
  const Course next = course(record_of(1, {member(1, 201)}), self, 0);
  ASSERT_EQ(next.step, Step::kChange);
  EXPECT_TRUE(next.founds);
  EXPECT_EQ(next.next->view, (smr::ViewRecord{ViewNumber(2), {member(1, 301)}, {}}));
}

TEST(Course, nobody_founds_where_others_are_or_without_its_own_note) {
  EXPECT_EQ(course(record_of(1, {member(1, 201)}), fresh(1, 301), 0).step, Step::kLearn);
  Starting self = fresh(1, 301);
  self.foundings = {Incarnation(201)};
  EXPECT_EQ(course(record_of(2, {member(0, 200), member(1, 201)}), self, 0).step, Step::kLearn);
}

TEST(Course, who_is_not_in_the_view_learns_whatever_its_disk_has) {
  const ClusterRecord record = record_of(7, {member(0, 100)});
  EXPECT_EQ(course(record, fresh(1, 201), 0).step, Step::kLearn);
  EXPECT_EQ(course(record, whole(1, 201, 101, 6), 0).step, Step::kLearn);
}

TEST(Course, who_was_in_the_view_announces_itself_and_waits_for_the_others) {
  const ClusterRecord record = record_of(7, {member(0, 100), member(2, 102)});
  const Starting self = whole(0, 200, 100, 7);
  const Course first = course(record, self, 0);
  ASSERT_EQ(first.step, Step::kChange);
  EXPECT_FALSE(first.founds);
  ASSERT_EQ(first.next->returned.size(), 1U);
  EXPECT_EQ(first.next->view, record.view);
  const Course second = course(*first.next, self, kGraceUs - 1);
  EXPECT_EQ(second.step, Step::kWait);
  EXPECT_NE(second.why.find("replicas 2"), std::string::npos) << second.why;
}

TEST(Course, when_all_have_returned_they_begin_together_at_once) {
  const ClusterRecord record = record_of(7, {member(0, 100), member(2, 102)});
  const Course first = course(record, whole(0, 200, 100, 7), 0);
  const Course second = course(*first.next, whole(2, 202, 102, 7), 0);
  ASSERT_EQ(second.step, Step::kChange);
  const Course begin = course(*second.next, whole(0, 200, 100, 7), 0);
  ASSERT_EQ(begin.step, Step::kChange);
  EXPECT_EQ(begin.next->view.members, (std::vector{member(0, 200), member(2, 202)}));
  EXPECT_EQ(begin.next->view.number, ViewNumber(8));
  EXPECT_TRUE(begin.next->returned.empty());
  EXPECT_EQ(course(*begin.next, whole(2, 202, 102, 7), 0).step, Step::kGoOn);
}

TEST(Course, after_the_grace_it_begins_with_whoever_is_there) {
  const ClusterRecord record = record_of(7, {member(0, 100), member(2, 102)});
  const Course first = course(record, whole(2, 202, 102, 7), 0);
  const Course begin = course(*first.next, whole(2, 202, 102, 7), kGraceUs);
  ASSERT_EQ(begin.step, Step::kChange);
  EXPECT_EQ(begin.next->view.members, std::vector{member(2, 202)});
}

// The others exclude its dead life when its link breaks; then its disk counts no more.
TEST(Course, whose_dead_life_was_excluded_meanwhile_learns) {
  const ClusterRecord record = record_of(8, {member(0, 100)});
  EXPECT_EQ(course(record, whole(2, 202, 102, 7), 3'000'000).step, Step::kLearn);
}

TEST(Course, a_disk_that_was_wiped_or_was_a_learners_does_not_speak_for_the_member_of_its_id) {
  const ClusterRecord record = record_of(7, {member(0, 100), member(2, 102)});
  EXPECT_EQ(course(record, fresh(2, 202), kGraceUs).step, Step::kLearn);
  Starting learner = whole(2, 202, 102, 7);
  learner.inventory.whole = false;
  EXPECT_EQ(course(record, learner, kGraceUs).step, Step::kLearn);
  EXPECT_EQ(course(record, whole(2, 202, 99, 7), kGraceUs).step, Step::kLearn);
}

// --- a backup as the beginning

// A disk that `titer restore` wrote as that of `life`.
Starting of_backup(std::uint16_t id, std::uint64_t now, std::uint64_t life) { return whole(id, now, life, 0); }

TEST(Course, a_backup_that_the_record_names_begins_at_once_and_nobody_founds_beside_it) {
  const ClusterRecord record = *restored(record_of(0, {}), member(1, 101));
  EXPECT_EQ(course(record, fresh(0, 200), 0).step, Step::kLearn);
  EXPECT_FALSE(founded(record, member(0, 200)));
  const Course first = course(record, of_backup(1, 201, 101), 0);
  ASSERT_EQ(first.step, Step::kChange);
  const Course begin = course(*first.next, of_backup(1, 201, 101), 0);
  ASSERT_EQ(begin.step, Step::kChange);
  EXPECT_EQ(begin.next->view.number, ViewNumber(1));
  EXPECT_EQ(begin.next->view.members, std::vector{member(1, 201)});
  EXPECT_EQ(course(*begin.next, of_backup(1, 201, 101), 0).step, Step::kGoOn);
}

TEST(Course, a_backup_that_no_record_knows_neither_founds_nor_learns) {
  for (const ClusterRecord& record :
       {record_of(0, {}), record_of(1, {member(0, 200)}), record_of(1, {member(1, 301)}),
        *restored(record_of(0, {}), member(1, 301)), *restored(record_of(0, {}), member(2, 302))}) {
    const Course refused = course(record, of_backup(1, 201, 101), kGraceUs);
    EXPECT_EQ(refused.step, Step::kRefuse);
    EXPECT_NE(refused.why.find("emove the data directory"), std::string::npos) << refused.why;
  }
}

TEST(Course, without_a_place_in_the_roster_or_at_another_one_it_is_refused) {
  ClusterRecord record = record_of(7, {member(0, 100)});
  record.roster.pop_back();
  EXPECT_NE(course(record, fresh(2, 202), 0).why.find("titer replica add 2"), std::string::npos);
  record.roster[1].wire = "10.0.0.77:8892";
  const Course moved = course(record, fresh(1, 201), 0);
  EXPECT_EQ(moved.step, Step::kRefuse);
  EXPECT_NE(moved.why.find("10.0.0.77:8892"), std::string::npos);
}

}  // namespace
}  // namespace titer::view
