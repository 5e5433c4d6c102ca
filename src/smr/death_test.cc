// SPDX-License-Identifier: Apache-2.0

// A process that is known to have ended (input::Died): nobody waits for its link, its heartbeats or its lease.
#include <gtest/gtest.h>

#include "base/limits.h"
#include "smr/testing/cluster.h"

namespace titer::smr::testing {
namespace {

using limits::kHeartbeatEveryUs;

constexpr Incarnation kDead(102);  // replica 2 of Cluster

// 2 is cut off, so nobody hears any more whether it lives.
Cluster cluster_without_links_to_2() {
  Cluster c(3);
  c.pass(2 * kHeartbeatEveryUs);
  c.no_link[{2, 0}] = c.no_link[{2, 1}] = c.no_link[{0, 2}] = c.no_link[{1, 2}] = true;
  return c;
}

TEST(Death, is_a_reason_to_ask_for_a_view_at_once) {
  Cluster c(3);
  c.pass(2 * kHeartbeatEveryUs);
  c.give(0, input::Died{kDead});
  c.turn(0);
  ASSERT_EQ(c[0].asks.size(), 1U);
  EXPECT_TRUE(c[0].asks[0].without.has(ReplicaId(2)));
  EXPECT_EQ(c[0].asks[0].without.size(), 1);
  EXPECT_EQ(c[0].asks[0].dead, std::vector{kDead});
}

TEST(Death, of_all_others_leaves_nobody_in_a_minority) {
  Cluster c(3);
  c.pass(2 * kHeartbeatEveryUs);
  for (const int other : {1, 2}) c.crash(other);
  c.give(0, input::Died{Incarnation(101)});
  c.give(0, input::Died{kDead});
  c.turn(0);
  c.pass(3 * kHeartbeatEveryUs);  // asking is repeated, with what became known
  ASSERT_FALSE(c[0].asks.empty());
  EXPECT_EQ(c[0].asks.back().without.size(), 2);
  EXPECT_EQ(c[0].asks.back().dead.size(), 2U);
}

TEST(Death, ends_the_wait_for_a_lease_before_the_view_comes_or_after) {
  for (const bool before : {true, false}) {
    Cluster c = cluster_without_links_to_2();
    if (before)
      for (const int i : {0, 1}) c.give(i, input::Died{kDead});
    c.view(make_view(1, {0, 1}));
    c.settle();
    EXPECT_EQ(c[0].installed.size(), before ? 1U : 0U);
    if (!before)
      for (const int i : {0, 1}) c.give(i, input::Died{kDead});
    c.settle();
    EXPECT_EQ(c[0].installed.size(), 1U);
  }
}

// What it sent is still under way.
TEST(Death, is_not_undone_by_its_last_heartbeat) {
  Cluster c(3);
  c.pass(2 * kHeartbeatEveryUs);
  c.now = BootTime(c.now.value + kHeartbeatEveryUs);
  c.tick(2);
  ASSERT_FALSE(c.way(2, 0).empty());
  for (const int i : {0, 1}) c.give(i, input::Died{kDead});
  for (const int i : {0, 1}) c.deliver_all(2, i);
  c.no_link[{2, 0}] = c.no_link[{2, 1}] = c.no_link[{0, 2}] = c.no_link[{1, 2}] = true;
  c.view(make_view(1, {0, 1}));
  c.settle();
  EXPECT_EQ(c[0].installed.size(), 1U);
}

TEST(Death, of_another_life_says_nothing_of_the_one_that_is_a_member) {
  Cluster c = cluster_without_links_to_2();
  for (const int i : {0, 1}) c.give(i, input::Died{Incarnation(999)});
  c.turn(0);
  EXPECT_TRUE(c[0].asks.empty());
  c.view(make_view(1, {0, 1}));
  c.settle();
  EXPECT_TRUE(c[0].installed.empty()) << "its lease is waited for";
}

TEST(Death, nobody_believes_in_its_own) {
  Cluster c(3);
  c.pass(2 * kHeartbeatEveryUs);
  c.give(2, input::Died{kDead});
  c.turn(2);
  EXPECT_TRUE(c[2].asks.empty());
  EXPECT_FALSE(c[2].stop);
}

}  // namespace
}  // namespace titer::smr::testing
