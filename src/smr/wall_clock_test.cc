// SPDX-License-Identifier: Apache-2.0

// The time that frames are stamped with: one wrong clock must not run the time of all away (wall_clock.h).
#include "smr/wall_clock.h"

#include <gtest/gtest.h>

#include "base/limits.h"
#include "smr/testing/cluster.h"

namespace titer::smr::testing {
namespace {

using limits::kHeartbeatEveryUs;
constexpr std::int64_t kDayMs = 86'400'000;

// What replica i would stamp a frame with, in ms beyond the true time.
std::int64_t ahead(Cluster& c, int i) {
  c.turn(i);
  return c[i].replica->snapshot().wall.value - c.now.value / 1000;
}
const std::string fault(Cluster& c, int i) { return c[i].replica->snapshot().wall_fault; }

void state_is_at(Cluster& c, int i, std::int64_t ms) { c.give(i, input::Executed{Position(1), 1, WallTime(ms)}); }

// The members are on machines of their own.
ViewRecord spread(std::uint16_t t) {
  std::vector<std::uint16_t> ids;
  for (std::uint16_t i = 0; i < t; ++i) ids.push_back(i);
  ViewRecord view = make_view(1, ids);
  for (Member& m : view.members) m.address = "10.0.0." + std::to_string(m.id.value) + ":7000";
  return view;
}

TEST(WallClock, of_three_one_that_is_far_ahead_stamps_with_the_time_of_the_others) {
  Cluster c(3);
  c[2].wall_ahead_ms = 401 * kDayMs;
  c.pass(4 * kHeartbeatEveryUs);
  EXPECT_LT(std::abs(ahead(c, 2)), 1000);
  EXPECT_NE(fault(c, 2).find("ahead of the other replicas' clocks"), std::string::npos) << fault(c, 2);
  EXPECT_EQ(c[2].replica->snapshot().wall_ahead_ms / kDayMs, 401);
  for (int i : {0, 1}) {
    EXPECT_EQ(ahead(c, i), 0);
    EXPECT_TRUE(fault(c, i).empty());
  }
}

TEST(WallClock, one_that_is_far_behind_too) {
  Cluster c(3);
  c.now = BootTime(c.now.value + 40 * kDayMs * 1000);
  c[1].wall_ahead_ms = -30 * kDayMs;
  c.view(spread(3));
  c.pass(4 * kHeartbeatEveryUs);
  EXPECT_LT(std::abs(ahead(c, 1)), 1000);
  EXPECT_NE(fault(c, 1).find("behind"), std::string::npos) << fault(c, 1);
}

TEST(WallClock, of_two_that_differ_the_slower_one_counts) {
  Cluster c(2);
  c[0].wall_ahead_ms = 401 * kDayMs;
  c.pass(4 * kHeartbeatEveryUs);
  for (int i : {0, 1}) EXPECT_LT(std::abs(ahead(c, i)), 1000) << i;
}

TEST(WallClock, a_few_seconds_are_everybodys_own) {
  Cluster c(3);
  c[2].wall_ahead_ms = 9'000;
  c.pass(4 * kHeartbeatEveryUs);
  EXPECT_EQ(ahead(c, 2), 9'000);
  EXPECT_TRUE(fault(c, 2).empty());
}

TEST(WallClock, set_right_it_counts_again) {
  Cluster c(3);
  c[2].wall_ahead_ms = 401 * kDayMs;
  c.pass(4 * kHeartbeatEveryUs);
  c[2].wall_ahead_ms = 0;
  c.pass(4 * kHeartbeatEveryUs);
  EXPECT_EQ(ahead(c, 2), 0);
  EXPECT_TRUE(fault(c, 2).empty());
}

TEST(WallClock, one_alone_is_not_believed_beyond_a_week_after_the_data) {
  Cluster c(1);
  const std::int64_t data = c.now.value / 1000;
  state_is_at(c, 0, data);
  c[0].wall_ahead_ms = 6 * kDayMs;
  EXPECT_EQ(ahead(c, 0), 6 * kDayMs);
  c[0].wall_ahead_ms = 800 * kDayMs;
  EXPECT_EQ(ahead(c, 0), 6 * kDayMs) << "the time continues from what was believed";
  EXPECT_NE(fault(c, 0).find("--accept-clock"), std::string::npos) << fault(c, 0);
  c.now = BootTime(c.now.value + 5'000'000);
  EXPECT_EQ(ahead(c, 0), 6 * kDayMs) << "by the clock of the boot";
}

// It showed its clock before it had a state to compare it with.
TEST(WallClock, one_that_has_learned_is_not_believed_beyond_a_week_after_the_data_either) {
  Cluster c(1);
  c[0].wall_ahead_ms = 800 * kDayMs;
  c.turn(0);
  state_is_at(c, 0, c.now.value / 1000);
  EXPECT_LT(ahead(c, 0), 1000);
  EXPECT_NE(fault(c, 0).find("--accept-clock"), std::string::npos) << fault(c, 0);
}

TEST(WallClock, members_on_one_machine_are_no_witnesses) {
  Cluster c(3);
  for (int i = 0; i < 3; ++i) {
    state_is_at(c, i, c.now.value / 1000);
    c[i].wall_ahead_ms = 800 * kDayMs;
  }
  c.pass(4 * kHeartbeatEveryUs);
  for (int i = 0; i < 3; ++i) EXPECT_LT(ahead(c, i), 1000) << i;
}

TEST(WallClock, two_machines_that_show_the_same_are_believed_after_any_time) {
  Cluster c(2);
  for (int i = 0; i < 2; ++i) {
    state_is_at(c, i, c.now.value / 1000);
    c[i].wall_ahead_ms = 800 * kDayMs;
  }
  c.view(spread(2));
  c.pass(4 * kHeartbeatEveryUs);
  for (int i = 0; i < 2; ++i) EXPECT_EQ(ahead(c, i), 800 * kDayMs) << i;
}

TEST(WallClock, an_operator_may_say_that_it_is_right) {
  Cluster c(1);
  c.accept_wall = true;
  c.spawn(0, make_view(0, {0}));
  state_is_at(c, 0, c.now.value / 1000);
  c[0].wall_ahead_ms = 800 * kDayMs;
  EXPECT_EQ(ahead(c, 0), 800 * kDayMs);
}

// An idle cluster's state is old, and its clock is right.
TEST(WallClock, a_long_time_without_a_write_is_no_fault) {
  Cluster c(1);
  state_is_at(c, 0, c.now.value / 1000);
  EXPECT_EQ(ahead(c, 0), 0);
  c.now = BootTime(c.now.value + 100 * kDayMs * 1000);
  EXPECT_EQ(ahead(c, 0), 0);
  EXPECT_TRUE(fault(c, 0).empty());
}

TEST(WallClock, until_the_others_are_heard_time_does_not_advance) {
  Cluster c(3);
  state_is_at(c, 2, 500);
  c[2].wall_ahead_ms = kDayMs;
  EXPECT_EQ(c[2].replica->snapshot().wall, WallTime());
  c.turn(2);
  EXPECT_EQ(c[2].replica->snapshot().wall, WallTime(500));
}

TEST(WallClock, a_learner_knows_before_it_joins) {
  Cluster c(2);
  c.spawn(2, make_view(0, {0, 1}));
  c[2].wall_ahead_ms = 401 * kDayMs;
  c.pass(4 * kHeartbeatEveryUs);
  EXPECT_NE(fault(c, 2).find("ahead of"), std::string::npos);
}

}  // namespace
}  // namespace titer::smr::testing
