// SPDX-License-Identifier: Apache-2.0

#include "view/restart.h"

#include <gtest/gtest.h>

#include "base/limits.h"

namespace titer::view {
namespace {

// View 7 of replicas 0 and 2, as incarnations 100 and 102; 1 was excluded before.
smr::ViewRecord last_view() {
  return {ViewNumber(7), {{ReplicaId(0), Incarnation(100), "a"}, {ReplicaId(2), Incarnation(102), "c"}}, {}};
}

Returned back(std::uint16_t id, std::uint64_t installed, const std::vector<std::uint64_t>& lives) {
  Returned one{{ReplicaId(id), Incarnation(200U + id), std::string(1, static_cast<char>('a' + id))}, {}};
  one.inventory.whole = true;
  one.inventory.installed = ViewNumber(installed);
  for (const auto life : lives) one.inventory.lives.emplace_back(life);
  return one;
}

std::vector<std::uint16_t> ids(const smr::ViewRecord& record) {
  std::vector<std::uint16_t> ids;
  for (const smr::Member& member : record.members) ids.push_back(member.id.value);
  return ids;
}

using Ids = std::vector<std::uint16_t>;

TEST(Restart, all_of_the_last_view_begin_together) {
  const auto next = restart(last_view(), {back(2, 7, {102}), back(0, 7, {100})}, {});
  ASSERT_TRUE(next.ok());
  EXPECT_EQ(ids(*next), (Ids{0, 2}));
  EXPECT_EQ(next->number, ViewNumber(8));
  EXPECT_EQ(next->members[1].incarnation, Incarnation(202));
  EXPECT_EQ(next->known_dead, (std::vector{Incarnation(100), Incarnation(102)}));
}

TEST(Restart, any_one_of_the_last_view_will_do) {
  const auto next = restart(last_view(), {back(2, 7, {102})}, {});
  ASSERT_TRUE(next.ok());
  EXPECT_EQ(ids(*next), Ids{2});
}

TEST(Restart, who_was_excluded_never_wins_over_one_that_stayed) {
  const auto next = restart(last_view(), {back(1, 6, {101}), back(2, 7, {102})}, {});
  ASSERT_TRUE(next.ok());
  EXPECT_EQ(ids(*next), Ids{2});
}

TEST(Restart, who_was_excluded_does_not_begin_alone_either) {
  const auto next = restart(last_view(), {back(1, 6, {101})}, {});
  ASSERT_FALSE(next.ok());
  EXPECT_EQ(next.error().code, Code::kUnavailable);
  EXPECT_NE(next.error().message.find("replica 1 has position"), std::string::npos) << next.error().message;
}

// It had been excluded and was a learner again, under an id that is in the last view: its disk is of before.
TEST(Restart, an_id_is_not_enough) { EXPECT_FALSE(restart(last_view(), {back(0, 5, {98, 99})}, {}).ok()); }

TEST(Restart, a_restart_that_was_cut_short_is_no_obstacle) {
  EXPECT_TRUE(restart(last_view(), {back(0, 6, {90, 100, 110})}, {}).ok());
}

TEST(Restart, who_had_installed_the_last_view_goes_before_who_had_not) {
  const auto next = restart(last_view(), {back(0, 6, {100}), back(2, 7, {102})}, {});
  ASSERT_TRUE(next.ok());
  EXPECT_EQ(ids(*next), Ids{2});
}

TEST(Restart, an_empty_or_half_learned_or_refused_disk_does_not_begin) {
  Returned empty = back(0, 7, {100}), refused = back(2, 7, {102});
  empty.inventory.whole = false;
  refused.inventory.refusal = "a bit has flipped";
  EXPECT_FALSE(restart(last_view(), {empty, refused}, {}).ok());
}

// A full disk, a wrong owner: nothing is lost, so nothing advises to accept a loss.
TEST(Restart, a_disk_that_was_refused_is_named_with_its_reason_and_no_loss_is_advised) {
  Returned refused = back(2, 7, {102});
  refused.inventory.whole = false;
  refused.inventory.refusal = "No space left on device";
  const auto next = restart(last_view(), {refused}, {});
  ASSERT_FALSE(next.ok());
  EXPECT_NE(next.error().message.find("replica 2 did not read its disk: No space left on device"),
            std::string::npos)
      << next.error().message;
  EXPECT_EQ(next.error().message.find("accept-data-loss"), std::string::npos) << next.error().message;
}

TEST(Restart, the_record_stays_readable_however_many_have_died) {
  const std::vector<Incarnation> dead(limits::kKnownDeadMax + 5, Incarnation(1));
  const auto next = restart(last_view(), {back(0, 7, {100})}, dead);
  ASSERT_TRUE(next.ok());
  EXPECT_EQ(next->known_dead.size(), limits::kKnownDeadMax);
  EXPECT_EQ(next->known_dead.back(), Incarnation(102));
}

}  // namespace
}  // namespace titer::view
