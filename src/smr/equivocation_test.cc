// SPDX-License-Identifier: Apache-2.0

// A direct client that lies: it sends different frames under one name to two replicas, or keeps them from some (§3).
#include <gtest/gtest.h>

#include <algorithm>

#include "base/limits.h"
#include "smr/recovery.h"
#include "smr/testing/cluster.h"

namespace titer::smr::testing {
namespace {

using Texts = std::vector<std::string>;
constexpr TransmitterId kLiar{kDirectClientBit | 66};

// As a decoder gives it: equal texts have equal contents.
FramePtr decoded(std::uint64_t seq, std::uint64_t ts, const std::string& body, bool rest = false) {
  Frame frame = *make_frame(0, kLiar, seq, ts, body, {}, rest);
  frame.content = {std::hash<std::string>()(body), ts};
  return std::make_shared<const Frame>(std::move(frame));
}

class Liar : public ::testing::TestWithParam<bool> {
 protected:
  Liar() : c(3, GetParam()) {
    for (int j = 0; j < 3; ++j) c.give(j, input::Direct{kLiar, Hello{ViewNumber(0)}});
    settle();
    for (int j = 0; j < 3; ++j) ts = std::max(ts, c[j].replica->snapshot().clock.value + 1);
  }
  void settle() {
    for (int round = 0; round < 4; ++round) {
      c.settle();
      for (int j = 0; j < 3; ++j)
        if (c[j].alive) c.sync(j);
    }
    c.settle();
  }
  void send(int to, std::uint64_t seq, const std::string& body, bool rest = false) {
    c.give(to, input::Direct{kLiar, decoded(seq, ts + seq, body, rest)});
  }
  [[nodiscard]] bool asked(const std::string& because) {
    for (int j = 0; j < 3; ++j)
      for (const auto& ask : c[j].asks)
        if (ask.reason.find(because) != std::string::npos && ask.without.empty()) return true;
    return false;
  }
  void view(std::uint64_t number, const std::vector<std::uint16_t>& ids = {0, 1, 2}) {
    c.view(make_view(number, ids));
    settle();
  }
  void all_executed(const Texts& texts) {
    for (int j = 0; j < 3; ++j) {
      if (!c[j].alive) continue;
      EXPECT_EQ(c.executed(j), texts) << j;
      EXPECT_FALSE(c[j].stop.has_value()) << j;
    }
  }

  Cluster c;
  std::uint64_t ts = 0;
};

TEST_P(Liar, one_that_sends_the_same_to_all_is_executed_by_all) {
  for (int j = 0; j < 3; ++j) send(j, 1, "same", true);
  settle();
  all_executed({"same"});
  EXPECT_FALSE(asked("different"));
}

TEST_P(Liar, different_frames_under_one_name_are_executed_by_nobody_and_nobody_stops) {
  send(0, 1, "for 0", true);
  send(1, 1, "for the others", true);
  send(2, 1, "for the others", true);
  c.submit(1, "honest");
  settle();
  all_executed({});
  c.pass(2 * limits::kHeartbeatEveryUs);
  EXPECT_TRUE(asked("different frames under one name"));
  ASSERT_FALSE(c[0].cuts.empty());
  EXPECT_EQ(std::get<TransmitterId>(c[0].cuts[0].who), kLiar);
  view(1);
  all_executed({"honest"});
  c.submit(2, "after it");
  settle();
  all_executed({"honest", "after it"});
}

TEST_P(Liar, what_was_the_same_before_the_lie_counts) {
  for (int j = 0; j < 3; ++j) send(j, 1, "true");
  settle();
  all_executed({"true"});
  for (int j = 0; j < 3; ++j) send(j, 2, j == 2 ? "lie" : "half true");
  settle();
  all_executed({"true"});
  view(1);
  all_executed({"true"});
}

// The difference is in a null request: it changes nothing, but what follows it is of a stream that is not the same.
TEST_P(Liar, a_difference_counts_for_all_that_follows) {
  for (int j = 0; j < 3; ++j) {
    Frame null = *decoded(1, ts + 1, "");
    null.count = 0;
    null.requests = nullptr;
    null.content.low += j == 1 ? 1 : 0;
    c.give(j, input::Direct{kLiar, std::make_shared<const Frame>(null)});
    send(j, 2, "after a null");
  }
  settle();
  all_executed({});
  view(1);
  all_executed({});
}

TEST_P(Liar, frames_that_only_some_hold_count_up_to_the_first_that_differs) {
  for (const int j : {0, 1}) send(j, 1, "one");
  send(0, 2, "two");
  send(1, 2, "another two");
  send(0, 3, "three");
  settle();
  view(1);
  all_executed({"one"});
}

TEST_P(Liar, a_frame_that_one_alone_holds_is_relayed_as_ever) {
  send(2, 1, "lonely");
  settle();
  view(1);
  all_executed({"lonely"});
}

TEST_P(Liar, a_frame_that_is_kept_from_some_is_settled_by_a_view_after_a_while) {
  for (const int j : {0, 1}) send(j, 1, "kept from 2", true);
  c.submit(0, "honest");
  settle();
  c.pass(limits::kSolicitPatienceUs / 2);
  EXPECT_FALSE(asked("to all members"));
  c.submit(0, "2 acknowledges this, and lacks the other");
  settle();
  c.pass(limits::kSolicitPatienceUs);
  EXPECT_TRUE(asked("to all members"));
  view(1);
  all_executed({"kept from 2", "honest", "2 acknowledges this, and lacks the other"});
}

// Each welcome has a clock, and the client has to be above all of them. One that is above some only can be held only there, and
// where it was refused others may have been executed that come after it.
TEST_P(Liar, a_frame_below_the_clock_of_a_welcome_counts_only_where_it_still_can) {
  for (const int told : {0, 2})  // the others never hear of the client
    for (const bool passed : {true, false}) {
      Cluster world(3, GetParam());
      std::swap(c, world);
      settle();
      c.give(told, input::Direct{kLiar, Hello{ViewNumber(0)}});
      const std::uint64_t early = c[told].replica->snapshot().clock.value + 1;
      for (int round = 0; round < 3; ++round) {
        c.submit(1, "later " + std::to_string(round));  // a frame of its own, with a later clock
        c.turn(1);
        c.sync(1);
        for (const int j : {0, 2}) c.deliver_all(1, j);
      }
      if (passed) settle();  // the others execute what this one waits with, for the client
      EXPECT_EQ(std::ranges::count(c.executed(1), "later 2"), passed ? 1 : 0);
      c.give(told, input::Direct{kLiar, decoded(1, early, "early")});
      view(1);
      EXPECT_EQ(c.executed(0), c.executed(1));
      EXPECT_EQ(c.executed(0), c.executed(2));
      EXPECT_EQ(std::ranges::count(c.executed(0), "early"), passed ? 0 : 1);
      for (int j = 0; j < 3; ++j) {
        EXPECT_TRUE(c[j].cuts.empty()) << "no replica is cut off";
        EXPECT_EQ(c[j].replica->snapshot().installed, ViewNumber(1));
      }
    }
}

TEST_P(Liar, late_answers_add_up) {
  std::uint64_t seq = 0;
  for (int round = 0; round < 3 && !asked("answers late"); ++round) {
    c.submit(0, "waits for it");
    settle();
    c.pass(limits::kSolicitPatienceUs * 3 / 4);
    EXPECT_FALSE(asked("does not answer"));
    for (int j = 0; j < 3; ++j) ts = std::max(ts, c[j].replica->snapshot().clock.value);
    ++seq;
    for (int j = 0; j < 3; ++j) send(j, seq, "late");
    settle();
    c.pass(2 * limits::kHeartbeatEveryUs);
  }
  EXPECT_TRUE(asked("answers late"));
  EXPECT_EQ(seq, 2U);
}

TEST_P(Liar, a_failure_in_the_flush_makes_no_difference) {
  send(0, 1, "for 0");
  send(1, 1, "for 1");
  c.submit(2, "honest");
  settle();
  c.view(make_view(1, {0, 1, 2}));
  c.turns();
  c.crash(1);
  view(2, {0, 2});
  EXPECT_EQ(c.executed(0), c.executed(2));
  EXPECT_EQ(std::ranges::count(c.executed(0), "honest"), 1);
}

INSTANTIATE_TEST_SUITE_P(Durability, Liar, ::testing::Bool(),
                         [](const auto& durable) { return durable.param ? "disk" : "memory"; });

// The flush has found the lie and answered what came after it. The one that held the other half of the lie is gone with its
// disk, and everything fails before the new view's line is on a disk: the lie must not come back ahead of what was answered.
TEST(LiarOnDisk, what_counts_nowhere_stays_so_after_a_total_failure_in_the_flush) {
  Cluster c(3, true);
  for (int j = 0; j < 3; ++j) {
    c.give(j, input::Direct{kLiar, Hello{ViewNumber(0)}});
    c.write_tables(j);
  }
  c.turns();
  const std::uint64_t ts = c[0].replica->snapshot().clock.value + 10;
  c.give(0, input::Direct{kLiar, decoded(1, ts, "lie for 0")});
  c.give(1, input::Direct{kLiar, decoded(1, ts, "lie for 1")});
  c.turns();
  c.submit(0, "answered");
  for (int round = 0; round < 4; ++round) {
    c.settle();
    for (int j = 0; j < 3; ++j) c.sync(j);
  }
  ASSERT_TRUE(c.executed(0).empty());
  c.view(make_view(1, {0, 1, 2}));
  c.settle();
  for (int j = 0; j < 3; ++j) c.sync(j);
  c.settle();
  for (int j = 0; j < 3; ++j) ASSERT_EQ(c.executed(j), Texts{"answered"});

  for (int j = 0; j < 3; ++j) c.crash(j);
  ViewRecord again{ViewNumber(2), {}, {}};
  for (const auto j : {std::uint16_t{0}, std::uint16_t{2}}) {
    c.restart(j, 200U + j);
    again.members.push_back({ReplicaId(j), Incarnation(200U + j), ""});
  }
  for (std::uint16_t j = 0; j < 3; ++j) again.known_dead.emplace_back(100U + j);
  c.view(again);
  c.pass(limits::kReadLeaseUs + limits::kHeartbeatEveryUs);
  for (int round = 0; round < 4; ++round) {
    c.settle();
    for (const int j : {0, 2}) c.sync(j);
  }
  c.settle();
  for (const int j : {0, 2}) EXPECT_EQ(c.executed(j), Texts{"answered"}) << j;
}

TEST(LiarOnDisk, a_line_that_voids_frames_takes_back_those_before_it_and_no_later_ones) {
  const ViewRecord view = make_view(0, {0, 1});
  Recovery recovery({view, {}, {}, {}});
  for (std::uint64_t seq = 1; seq <= 3; ++seq) ASSERT_TRUE(recovery.frame(decoded(seq, 10 + seq, "x")).ok());
  ASSERT_TRUE(recovery.voided({ViewNumber(0), kLiar, Seq(1)}).ok());
  ASSERT_TRUE(recovery.frame(decoded(2, 20, "relayed later")).ok());
  EXPECT_FALSE(recovery.voided({ViewNumber(1), kLiar, Seq(1)}).ok()) << "of a view that has not begun";
  const auto found = std::move(recovery).end();
  ASSERT_TRUE(found.ok());
  ASSERT_EQ(found->frames.size(), 2U);
  EXPECT_EQ(found->frames[1]->ts, LamportTime(20));
}

}  // namespace
}  // namespace titer::smr::testing
