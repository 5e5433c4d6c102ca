// SPDX-License-Identifier: Apache-2.0

// Read leases (§5), local reads (§2.7), and suspicion: what depends on time.
#include <gtest/gtest.h>

#include "base/limits.h"
#include "smr/testing/cluster.h"

namespace titer::smr::testing {
namespace {

using Texts = std::vector<std::string>;
using limits::kHeartbeatEveryUs;
using limits::kReadLeaseUs;
using limits::kSuspectAfterUs;

TEST(Lease, begins_with_one_round_of_heartbeats_and_is_renewed_by_them) {
  Cluster c(3);
  EXPECT_FALSE(c[0].replica->read_lease(c.now));
  c.pass(kHeartbeatEveryUs);
  EXPECT_TRUE(c[0].replica->read_lease(c.now));
  c.pass(10 * kReadLeaseUs);
  EXPECT_TRUE(c[0].replica->read_lease(c.now));
}

TEST(Lease, ends_when_one_other_is_silent) {
  Cluster c(3);
  c.pass(2 * kHeartbeatEveryUs);
  c.cut(0, 2);
  c.pass(kReadLeaseUs - 2 * kHeartbeatEveryUs);
  EXPECT_TRUE(c[0].replica->read_lease(c.now));
  c.pass(2 * kHeartbeatEveryUs);
  EXPECT_FALSE(c[0].replica->read_lease(c.now));
  EXPECT_TRUE(c[1].replica->read_lease(c.now));
}

TEST(Lease, ends_one_percent_before_the_promise) {
  Cluster c(2);
  c.pass(kHeartbeatEveryUs);
  const BootTime s(c.now.value - kHeartbeatEveryUs);  // the reading that has come back
  EXPECT_TRUE(c[0].replica->read_lease(BootTime(s.value + kReadLeaseUs - kReadLeaseUs / 100 - 1)));
  EXPECT_FALSE(c[0].replica->read_lease(BootTime(s.value + kReadLeaseUs - kReadLeaseUs / 100)));
}

TEST(Lease, a_view_of_one_needs_none) {
  Cluster c(1);
  EXPECT_TRUE(c[0].replica->read_lease(c.now));
}

// A member of the view that is coming may soon be all that is left, so its promise is needed too.
TEST(Lease, counts_the_members_of_the_view_that_is_coming) {
  Cluster c(1);
  c.spawn(1, make_view(0, {0}));
  c.view(0, make_view(1, {0, 1}));
  EXPECT_FALSE(c[0].replica->read_lease(c.now));
}

TEST(Lease, done_waits_for_the_lease_of_the_excluded) {
  Cluster c(3);
  c.pass(2 * kHeartbeatEveryUs);
  c.no_link[{2, 0}] = c.no_link[{2, 1}] = c.no_link[{0, 2}] = c.no_link[{1, 2}] = true;  // 2 lives, cut off
  c.view(make_view(1, {0, 1}));
  c.settle();
  EXPECT_TRUE(c[0].installed.empty());
  ASSERT_TRUE(c[0].wake_at || c[1].wake_at);
  c.now = BootTime(c.now.value + kReadLeaseUs - 1);
  c.tick(0), c.tick(1);
  c.settle();
  EXPECT_TRUE(c[0].installed.empty());
  EXPECT_FALSE(c[2].replica->read_lease(c.now)) << "over before they go on";
  c.now = BootTime(c.now.value + 1);
  c.tick(0), c.tick(1);
  c.settle();
  EXPECT_EQ(c[0].installed.size(), 1U);
}

TEST(Lease, done_does_not_wait_for_the_known_dead) {
  Cluster c(3);
  c.pass(2 * kHeartbeatEveryUs);
  c.crash(2);
  c.view(make_view(1, {0, 1}));
  c.settle();
  EXPECT_EQ(c[0].installed.size(), 1U);
}

TEST(Lease, a_wedged_replica_promises_nothing_to_the_excluded) {
  Cluster c(2);
  c.pass(2 * kHeartbeatEveryUs);
  c.view(1, make_view(1, {1}));
  c.way(1, 0).clear();
  c.now = BootTime(c.now.value + kHeartbeatEveryUs);
  c.tick(0);
  c.deliver_all(0, 1);
  c.tick(1);
  c.turn(1);
  for (const PeerMessage& m : c.way(1, 0))
    if (const auto* beat = std::get_if<Heartbeat>(&m)) {
      EXPECT_EQ(beat->echo, BootTime(0));
    }
}

// --- a machine that does not run

TEST(Lease, one_that_was_not_running_needs_an_echo_of_what_it_sent_since) {
  Cluster c(3);
  c.pass(2 * kHeartbeatEveryUs);
  ASSERT_TRUE(c[0].replica->read_lease(c.now));
  c.now = BootTime(c.now.value + 1);
  c.give(0, input::Stalled{});
  c.turn(0);
  EXPECT_FALSE(c[0].replica->read_lease(c.now));
  c.settle();  // it has asked, and was answered, without a tick of anybody
  EXPECT_TRUE(c[0].replica->read_lease(c.now));
}

// A paused virtual machine: its clock stands still too. The others' heartbeats say that theirs went on.
TEST(Lease, a_clock_that_stood_still_is_noticed_by_the_others_heartbeats) {
  Cluster c(3);
  c.pass(4 * kHeartbeatEveryUs);
  ASSERT_TRUE(c[2].replica->read_lease(c.clock(2)));
  constexpr std::int64_t kPausedUs = 4'000'000;
  c.now = BootTime(c.now.value + kPausedUs);
  c[2].stood_still_us = kPausedUs;
  c[2].wall_ahead_ms = -kPausedUs / 1000;
  EXPECT_TRUE(c[2].replica->read_lease(c.clock(2))) << "nothing tells it";
  c.tick(0);
  c.deliver(0, 2);
  EXPECT_FALSE(c[2].replica->read_lease(c.clock(2)));
}

TEST(Lease, a_clock_that_stood_still_is_noticed_by_the_wall_clock) {
  Cluster c(3);
  c.pass(4 * kHeartbeatEveryUs);
  c.now = BootTime(c.now.value + 4'000'000);
  c[2].stood_still_us = 4'000'000;
  c.turn(2);
  EXPECT_FALSE(c[2].replica->read_lease(c.clock(2)));
}

TEST(Lease, reads_that_are_confirmed_wait_for_an_echo_of_after_they_were_asked) {
  Cluster c(2);
  c.confirm_reads = true;
  for (int i = 0; i < 2; ++i) c.spawn(i, make_view(0, {0, 1}));
  c.pass(2 * kHeartbeatEveryUs);
  c.now = BootTime(c.now.value + 1);
  const BootTime asked = c.now;
  c.give(0, input::Read{7});
  c.turn(0);
  EXPECT_EQ(c[0].reads, std::vector<std::uint64_t>{7});
  EXPECT_FALSE(c[0].replica->read_lease(c.now, asked));
  c.settle();
  EXPECT_TRUE(c[0].replica->read_lease(c.now, asked));
}

TEST(Read, waits_for_what_was_received_and_costs_no_message) {
  Cluster c(3);
  c.submit(0, "update");
  c.turn(0);
  c.deliver_all(0, 1);
  c.give(1, input::Read{7});
  c.turn(1);
  EXPECT_TRUE(c[1].reads.empty());
  c.settle();
  EXPECT_EQ(c[1].reads, std::vector<std::uint64_t>{7});
  const std::size_t under_way = c.way(1, 0).size();
  c.give(1, input::Read{8});
  c.turn(1);
  EXPECT_EQ(c[1].reads, (std::vector<std::uint64_t>{7, 8}));
  EXPECT_EQ(c.way(1, 0).size(), under_way);
}

TEST(Read, survives_a_change_of_view) {
  Cluster c(3);
  c.submit(0, "update");
  c.turn(0);
  c.deliver_all(0, 1);
  c.give(1, input::Read{7});
  c.crash(0);
  c.way(0, 2).clear();
  c.view(make_view(1, {1, 2}));
  c.settle();
  EXPECT_EQ(c[1].reads, std::vector<std::uint64_t>{7});
  EXPECT_EQ(c.executed(1), Texts{"update"});
}

TEST(Suspicion, a_broken_connection_is_reported_after_two_heartbeats_with_a_reason) {
  Cluster c(3);
  c.pass(2 * kHeartbeatEveryUs);
  c.crash(2);
  c.pass(kHeartbeatEveryUs);
  EXPECT_TRUE(c[0].asks.empty());
  c.pass(3 * kHeartbeatEveryUs);
  ASSERT_FALSE(c[0].asks.empty());
  EXPECT_EQ(c[0].asks[0].expected, ViewNumber(0));
  EXPECT_TRUE(c[0].asks[0].without.has(ReplicaId(2)));
  EXPECT_FALSE(c[0].asks[0].without.has(ReplicaId(1)));
  EXPECT_NE(c[0].asks[0].reason.find("replica 2"), std::string::npos);
}

TEST(Suspicion, a_silent_peer_is_reported_only_after_the_limit) {
  Cluster c(3);
  c.pass(2 * kHeartbeatEveryUs);
  c.no_link[{2, 0}] = c.no_link[{2, 1}] = true;  // it hangs: connected, but nothing comes
  c.pass(kSuspectAfterUs - 2 * kHeartbeatEveryUs);
  EXPECT_TRUE(c[0].asks.empty());
  c.pass(4 * kHeartbeatEveryUs);
  EXPECT_FALSE(c[0].asks.empty());
}

TEST(Suspicion, who_slept_itself_suspects_nobody) {
  Cluster c(3);
  c.pass(2 * kHeartbeatEveryUs);
  c.now = BootTime(c.now.value + 5 * kSuspectAfterUs);
  for (int i = 0; i < 3; ++i) c.tick(i);
  EXPECT_TRUE(c[0].asks.empty());
}

TEST(Suspicion, is_repeated_while_it_persists_but_not_every_tick) {
  Cluster c(2);
  c.pass(2 * kHeartbeatEveryUs);
  c.crash(1);
  c.pass(20 * kHeartbeatEveryUs);
  EXPECT_GT(c[0].asks.size(), 3U);
  EXPECT_LT(c[0].asks.size(), 12U);
}

TEST(Suspicion, grey_failure_heartbeats_come_but_no_acknowledgements) {
  Cluster c(2);
  c.pass(2 * kHeartbeatEveryUs);
  c.submit(0, "never acknowledged");
  c.turn(0);
  c.way(0, 1).clear();  // replica 1 lost it and does not know
  c.pass(3 * kSuspectAfterUs);
  EXPECT_TRUE(c[0].asks.empty());
  c.pass(2 * kSuspectAfterUs);
  ASSERT_FALSE(c[0].asks.empty());
  EXPECT_TRUE(c[0].asks[0].without.has(ReplicaId(1)));
  EXPECT_NE(c[0].asks[0].reason.find("no progress"), std::string::npos);
}

TEST(Suspicion, grey_failure_a_member_that_keeps_the_flush_waiting) {
  Cluster c(3);
  c.pass(2 * kHeartbeatEveryUs);
  for (int i : {0, 1}) c.view(i, make_view(1, {0, 1, 2}));  // 2 never hears of it
  c.pass(5 * kSuspectAfterUs);
  ASSERT_FALSE(c[0].asks.empty());
  EXPECT_EQ(c[0].asks[0].expected, ViewNumber(1));
  EXPECT_TRUE(c[0].asks[0].without.has(ReplicaId(2)));
  EXPECT_FALSE(c[0].asks[0].without.has(ReplicaId(1)));
}

TEST(Suspicion, a_learner_asks_nothing) {
  Cluster c(1);
  c.spawn(1, make_view(0, {0}));
  c.pass(2 * kHeartbeatEveryUs);
  c.crash(0);
  c.pass(3 * kSuspectAfterUs);
  EXPECT_TRUE(c[1].asks.empty());
}

TEST(Suspicion, a_member_linked_before_its_view_is_not_suspected) {
  Cluster c(1);
  c.pass(kHeartbeatEveryUs);
  c.spawn(1, make_view(0, {0}));
  c.settle();
  c.view(make_view(1, {0, 1}));
  c.settle();
  c.hand_state(0, 1);
  c.pass(6 * kSuspectAfterUs);
  EXPECT_TRUE(c[0].asks.empty());
  EXPECT_TRUE(c[1].asks.empty());
}

}  // namespace
}  // namespace titer::smr::testing
