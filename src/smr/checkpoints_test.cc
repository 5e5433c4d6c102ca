// SPDX-License-Identifier: Apache-2.0

// I10: a state that differs is found, and it is decided by the digests of all members, not by the order in which they come.
#include "smr/checkpoints.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>

#include "base/limits.h"
#include "smr/testing/cluster.h"

namespace titer::smr::testing {
namespace {

using limits::kHeartbeatEveryUs;
using Why = Output::Stop::Why;

void stands(Cluster& c, int i, std::uint64_t position, std::uint64_t digest) {
  c.give(i, input::Executed{Position(position), digest});
}

TEST(Checkpoint, equal_digests_disturb_nobody) {
  Cluster c(3);
  for (int i = 0; i < 3; ++i) stands(c, i, 10, 0xAAAA);
  c.pass(4 * kHeartbeatEveryUs);
  for (int i = 0; i < 3; ++i) {
    EXPECT_FALSE(c[i].stop);
    EXPECT_TRUE(c[i].replica->dispute().empty());
    EXPECT_TRUE(c[i].asks.empty());
  }
}

// Whichever hears of it first, and from whom.
TEST(Checkpoint, of_three_the_one_that_differs_stops_and_the_others_ask_for_a_view_without_it) {
  std::array<int, 3> order = {0, 1, 2};
  do {
    Cluster c(3);
    c.pass(2 * kHeartbeatEveryUs);
    for (int i = 0; i < 3; ++i) stands(c, i, 20, i == 2 ? 2 : 1);
    for (int round = 0; round < 6; ++round) {
      c.now = BootTime(c.now.value + kHeartbeatEveryUs);
      for (const int i : order) {
        c.tick(i);
        for (const int j : order)
          if (j != i) c.deliver_all(i, j);
      }
    }
    ASSERT_TRUE(c[2].stop);
    EXPECT_EQ(c[2].stop->why, Why::kWrong);
    EXPECT_NE(c[2].stop->reason.find("position 20"), std::string::npos) << c[2].stop->reason;
    for (int i : {0, 1}) {
      EXPECT_FALSE(c[i].stop) << c[i].stop->reason;
      ASSERT_FALSE(c[i].asks.empty());
      for (const auto& ask : c[i].asks) EXPECT_EQ(ask.without.bits, 1U << 2U);
    }
    c.crash(2);
    c.view(make_view(1, {0, 1}));
    c.submit(0, "goes on");
    c.settle();
    EXPECT_EQ(c[0].answered, std::vector<std::string>{"goes on"});
  } while (std::ranges::next_permutation(order).found);
}

// It would be excluded as often as it comes back, if the flush cannot end for another reason (simulator, seed 113).
TEST(Checkpoint, one_that_differed_and_has_come_back_to_learn_is_not_excluded_again) {
  Cluster c(3);
  c.pass(2 * kHeartbeatEveryUs);
  for (int i = 0; i < 3; ++i) stands(c, i, 20, i == 2 ? 2 : 1);
  c.pass(3 * kHeartbeatEveryUs);
  ASSERT_TRUE(c[2].stop);
  c.crash(2);
  ViewRecord back = make_view(1, {0, 1, 2});
  back.members[2].incarnation = Incarnation(99);
  c.view(back);
  for (int i : {0, 1}) c[i].asks.clear();
  c.pass(10 * kHeartbeatEveryUs);
  for (int i : {0, 1})
    for (const auto& ask : c[i].asks) EXPECT_FALSE(ask.reason.starts_with("state differs")) << ask.reason;
}

TEST(Checkpoint, of_two_nobody_stops_and_nobody_answers_until_one_has_left) {
  Cluster c(2);
  c.pass(2 * kHeartbeatEveryUs);
  for (int i = 0; i < 2; ++i) stands(c, i, 20, static_cast<std::uint64_t>(i));
  c.pass(3 * kHeartbeatEveryUs);
  for (int i = 0; i < 2; ++i) {
    EXPECT_FALSE(c[i].stop);
    EXPECT_TRUE(c[i].asks.empty());
    EXPECT_NE(c[i].replica->dispute().find("no majority"), std::string::npos) << c[i].replica->dispute();
    EXPECT_FALSE(c[i].replica->accepts(10));
    EXPECT_FALSE(c[i].replica->read_lease(c.now));
    c.give(i, input::Read{7});
    c.turn(i);
    EXPECT_EQ(c[i].refused, std::vector<std::uint64_t>{7});
  }
  c.pass(10 * limits::kSuspectAfterUs);  // and nobody is excluded for its silence
  EXPECT_TRUE(c[0].asks.empty());
  c.crash(1);
  c.view(make_view(1, {0}));
  EXPECT_TRUE(c[0].replica->dispute().empty());
  c.submit(0, "goes on");
  c.settle();
  EXPECT_EQ(c[0].answered, std::vector<std::string>{"goes on"});
}

// One that has joined since has no digest at that position, so it cannot agree; but nobody differs any more.
TEST(Checkpoint, when_the_one_that_differed_has_left_the_others_go_on_though_one_has_joined_since) {
  Cluster c(3);
  c.pass(2 * kHeartbeatEveryUs);
  stands(c, 0, 20, 1);
  stands(c, 1, 20, 2);
  for (int i : {0, 2}) stands(c, i, 30, 7);
  c.pass(10 * limits::kSuspectAfterUs);
  EXPECT_FALSE(c[0].replica->dispute().empty()) << "one against one";
  EXPECT_TRUE(c[0].asks.empty());
  c.crash(1);
  c.view(make_view(1, {0, 2}));
  c.pass(Checkpoints::kForgetUs + 4 * kHeartbeatEveryUs);
  for (int i : {0, 2}) EXPECT_TRUE(c[i].replica->dispute().empty()) << c[i].replica->dispute();
  c.submit(0, "goes on");
  c.settle();
  EXPECT_EQ(c[0].answered, std::vector<std::string>{"goes on"});
}

bool says_disputed(Cluster& c, int from, int to) {
  c.now = BootTime(c.now.value + kHeartbeatEveryUs);
  c.tick(from);
  return std::ranges::any_of(c.way(from, to), [](const PeerMessage& m) {
    const auto* beat = std::get_if<Heartbeat>(&m);
    return beat != nullptr && beat->disputed;
  });
}

// Found by the simulator: the position that it told instead was disputed next, and so on.
TEST(Checkpoint, one_that_has_no_digest_at_the_disputed_position_calls_no_other_position_disputed) {
  Cluster c(3);
  c.pass(2 * kHeartbeatEveryUs);
  stands(c, 0, 20, 1);
  stands(c, 1, 20, 2);
  for (int i : {0, 2}) stands(c, i, 30, 7);
  c.pass(4 * kHeartbeatEveryUs);
  EXPECT_FALSE(c[2].replica->dispute().empty());
  EXPECT_FALSE(says_disputed(c, 2, 0));
  EXPECT_TRUE(says_disputed(c, 0, 2));
}

// Found by the simulator: a replica that had ended it heard of it again from one that had heard of it later, for good.
TEST(Checkpoint, a_dispute_that_is_over_does_not_begin_again_because_another_member_still_has_it) {
  Cluster c(4);
  c.pass(2 * kHeartbeatEveryUs);
  for (int i : {0, 1}) stands(c, i, 20, 1);
  stands(c, 3, 20, 2);
  for (int round = 0; round < 10; ++round) {  // replica 1 hears nothing for half a second
    c.now = BootTime(c.now.value + kHeartbeatEveryUs);
    for (int i = 0; i < 4; ++i) c.tick(i);
    for (int i = 0; i < 4; ++i)
      for (const int j : {0, 2, 3})
        if (i != j) c.deliver_all(i, j);
  }
  c.crash(3);
  c.view(make_view(1, {0, 1, 2}));
  c.pass(2 * Checkpoints::kForgetUs);
  for (int round = 0; round < 20; ++round) {
    EXPECT_FALSE(says_disputed(c, 0, 1));
    EXPECT_FALSE(says_disputed(c, 1, 0));
    c.settle();
  }
}

TEST(Checkpoint, what_is_under_way_is_not_answered_while_it_is_not_known_which_state_is_wrong) {
  Cluster c(2);
  c.pass(2 * kHeartbeatEveryUs);
  c.submit(0, "under way");
  c.turn(0);
  for (int i = 0; i < 2; ++i) stands(c, i, 20, static_cast<std::uint64_t>(i));
  for (int i = 0; i < 2; ++i) {
    c.now = BootTime(c.now.value + kHeartbeatEveryUs);
    c.tick(0), c.tick(1);
    auto& way = c.way(0, 1);  // heartbeats first, the frame later
    std::stable_partition(way.begin(), way.end(),
                          [](const PeerMessage& m) { return std::holds_alternative<Heartbeat>(m); });
    c.deliver_all(0, 1), c.deliver_all(1, 0);
  }
  c.settle();
  EXPECT_TRUE(c[0].answered.empty());
  EXPECT_FALSE(c[0].replica->dispute().empty());
}

// One that is behind compares when it gets there.
TEST(Checkpoint, a_digest_of_a_position_that_is_not_reached_here_yet_is_compared_later) {
  Cluster c(3);
  c.pass(2 * kHeartbeatEveryUs);
  for (int i : {0, 2}) stands(c, i, 20, 1);
  c.pass(2 * kHeartbeatEveryUs);
  stands(c, 1, 10, 9);
  stands(c, 1, 20, 2);
  stands(c, 1, 30, 3);
  for (int i : {0, 2}) stands(c, i, 30, 4);
  c.pass(4 * kHeartbeatEveryUs);
  ASSERT_TRUE(c[1].stop);
  EXPECT_EQ(c[1].stop->why, Why::kWrong);
  EXPECT_NE(c[1].stop->reason.find("position 20"), std::string::npos) << c[1].stop->reason;
  for (int i : {0, 2}) EXPECT_FALSE(c[i].stop);
}

TEST(Checkpoint, four_that_disagree_two_and_two_wait_for_somebody_to_choose) {
  Cluster c(4);
  c.pass(2 * kHeartbeatEveryUs);
  for (int i = 0; i < 4; ++i) stands(c, i, 20, static_cast<std::uint64_t>(i / 2));
  c.pass(4 * kHeartbeatEveryUs);
  for (int i = 0; i < 4; ++i) {
    EXPECT_FALSE(c[i].stop);
    EXPECT_TRUE(c[i].asks.empty());
    EXPECT_NE(c[i].replica->dispute().find("no majority"), std::string::npos);
  }
}

// A process that was excluded and still runs says what it likes.
TEST(Checkpoint, the_digest_of_a_process_that_is_no_member_counts_for_nothing) {
  Cluster c(3);
  c.pass(2 * kHeartbeatEveryUs);
  for (int i : {0, 1}) c.view(i, make_view(1, {0, 1}));
  c.pass(limits::kReadLeaseUs + 2 * kHeartbeatEveryUs);
  for (int i = 0; i < 3; ++i) stands(c, i, 20, i == 2 ? 2 : 1);
  Heartbeat beat;
  beat.checkpoint = Position(20);
  beat.digest = 2;
  beat.disputed = true;
  c.give(0, input::Receive{ReplicaId(2), c[2].incarnation, beat});
  EXPECT_TRUE(c[0].replica->dispute().empty());
  EXPECT_FALSE(c[0].stop);
}

}  // namespace
}  // namespace titer::smr::testing
