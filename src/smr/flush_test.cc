// SPDX-License-Identifier: Apache-2.0

// Every step of the flush (docs/explanation/protocol.md §4), hit by the next crash or by a connection that is cut.
//
// The schedule is the same each time: replica 0 has broadcast an update that only replica 1 received, then died; 1
// and the others flush view 1. At the step under test replica 1 dies too, or its connection breaks.
#include <gtest/gtest.h>

#include <algorithm>

#include "smr/testing/cluster.h"

namespace titer::smr::testing {
namespace {

using Texts = std::vector<std::string>;

std::vector<std::uint16_t> ids(int from, int t) {
  std::vector<std::uint16_t> out;
  for (int i = from; i < t; ++i) out.push_back(static_cast<std::uint16_t>(i));
  return out;
}

template <typename T>
std::size_t count(const std::deque<PeerMessage>& way) {
  std::size_t n = 0;
  for (const PeerMessage& m : way) n += std::holds_alternative<T>(m) ? 1U : 0U;
  return n;
}

// Delivers until the first message of type T is the next one.
template <typename T>
bool deliver_up_to(Cluster& c, int i, int j) {
  while (!c.way(i, j).empty() && !std::holds_alternative<T>(c.way(i, j).front())) c.deliver(i, j);
  return !c.way(i, j).empty();
}

class FlushHit : public ::testing::TestWithParam<int> {
 protected:
  FlushHit() : t(GetParam()), c(t) {
    c.submit(1, "safe");
    c.settle();
    c.submit(0, "half sent");
    c.turn(0);
    c.deliver_all(0, 1);
    for (int j = 2; j < t; ++j) c.way(0, j).clear();
    c.crash(0);
  }
  void all_to_all(int from) {
    for (int i = from; i < t; ++i)
      for (int j = from; j < t; ++j)
        if (i != j) c.deliver_all(i, j);
  }
  void crash_1_losing_everything() {
    for (int j = 2; j < t; ++j) c.way(1, j).clear();
    c.crash(1);
  }
  // The rest installs view 2 and all have executed the same.
  void rest_goes_on(bool with_half) {
    c.view(make_view(2, ids(2, t)));
    c.settle();
    Texts expected{"safe"};
    if (with_half) expected.emplace_back("half sent");
    for (int j = 2; j < t; ++j) {
      EXPECT_EQ(c.executed(j), expected) << j;
      EXPECT_EQ(c[j].replica->snapshot().installed, ViewNumber(2));
    }
    c.submit(t - 1, "after");
    c.settle();
    expected.emplace_back("after");
    for (int j = 2; j < t; ++j) EXPECT_EQ(c.executed(j), expected) << j;
  }
  int t;
  Cluster c;
};

TEST_P(FlushHit, crash_before_its_flush_was_sent) {
  for (int j = 2; j < t; ++j) c.view(j, make_view(1, ids(1, t)));
  crash_1_losing_everything();
  rest_goes_on(false);
}

TEST_P(FlushHit, crash_after_flush_before_it_arrived) {
  c.view(make_view(1, ids(1, t)));
  crash_1_losing_everything();
  rest_goes_on(false);
}

TEST_P(FlushHit, crash_after_flush_before_relay) {
  c.view(make_view(1, ids(1, t)));
  for (int j = 2; j < t; ++j) c.deliver_all(1, j);
  c.crash(1);  // it has not heard the flush of the others, so it relayed nothing
  rest_goes_on(false);
}

TEST_P(FlushHit, crash_during_relay_one_has_it) {
  c.view(make_view(1, ids(1, t)));
  for (int i = 2; i < t; ++i) c.deliver_all(i, 1);
  EXPECT_EQ(count<Relay>(c.way(1, 2)), 1U);
  c.deliver_all(1, t - 1);
  if (t > 3)
    for (int j = 2; j < t - 1; ++j) c.way(1, j).clear();
  c.crash(1);
  rest_goes_on(true);
}

TEST_P(FlushHit, crash_after_relay_before_done) {
  c.view(make_view(1, ids(1, t)));
  for (int i = 2; i < t; ++i) c.deliver_all(i, 1);
  for (int j = 2; j < t; ++j) {
    EXPECT_TRUE(deliver_up_to<Done>(c, 1, j));
    c.way(1, j).clear();
  }
  c.crash(1);
  rest_goes_on(true);
}

TEST_P(FlushHit, crash_after_done_before_install) {
  c.view(make_view(1, ids(1, t)));
  for (int i = 2; i < t; ++i) c.deliver_all(i, 1);
  for (int j = 2; j < t; ++j) c.deliver_all(1, j);
  EXPECT_TRUE(c[1].installed.empty()) << "the others' done has not arrived";
  c.crash(1);
  rest_goes_on(true);
}

// 1 alone installs view 1, answers an update only if all of view 1 hold it; the rest catches up with what it did.
TEST_P(FlushHit, crash_after_install_at_one_only) {
  c.view(make_view(1, ids(1, t)));
  for (int j = 2; j < t; ++j)
    for (int k = 2; k < t; ++k)
      if (j != k) c.deliver_all(j, k);
  for (int i = 2; i < t; ++i) c.deliver_all(i, 1);
  for (int j = 2; j < t; ++j) {
    deliver_up_to<Done>(c, 1, j);
    c.way(1, j).clear();
    c.deliver_all(j, 1);
  }
  EXPECT_EQ(c[1].installed, std::vector{ViewNumber(1)});
  EXPECT_EQ(c.executed(1), (Texts{"safe", "half sent"}));
  c.crash(1);
  rest_goes_on(true);
}

TEST_P(FlushHit, who_is_behind_installs_the_top_view_first) {
  c.view(make_view(1, ids(1, t)));
  // All but the last install view 1: the last one's `done` went out, theirs to it are lost with the link.
  for (int round = 0; round < 3; ++round)
    for (int i = 1; i < t; ++i)
      for (int j = 1; j < t; ++j)
        if (i != j && j != t - 1)
          c.deliver_all(i, j);
        else if (i != j)
          deliver_up_to<Done>(c, i, j);
  for (int i = 1; i < t - 1; ++i) {
    ASSERT_EQ(c[i].installed.size(), 1U) << i;
    c.cut(i, t - 1);
  }
  ASSERT_TRUE(c[t - 1].installed.empty());
  c.submit(1, "in view 1");
  c.turn(1);
  if (t > 3) c.deliver_all(1, 2);
  c.view(make_view(2, ids(1, t)));
  for (int i = 1; i < t - 1; ++i) c.link(i, t - 1);
  c.settle();
  EXPECT_EQ(c[t - 1].installed, (std::vector{ViewNumber(1), ViewNumber(2)}));
  for (int j = 1; j < t; ++j) EXPECT_EQ(c.executed(j), (Texts{"safe", "half sent", "in view 1"})) << j;
}

// Whatever a cut connection loses at any point of the flush, LinkUp repeats.
TEST_P(FlushHit, a_connection_cut_after_any_number_of_messages_is_made_good) {
  for (int cut_at = 0; cut_at < 40; ++cut_at) {
    Cluster d(t);
    for (int i = 0; i < t; ++i) d.submit(i, "from " + std::to_string(i));
    d.turns();
    d.view(make_view(1, ids(0, t)));
    int delivered = 0;
    bool moved = true;
    while (moved && delivered < cut_at) {
      moved = false;
      for (int i = 0; i < t && delivered < cut_at; ++i)
        for (int j = 0; j < t && delivered < cut_at; ++j)
          if (i != j && d.deliver(i, j)) moved = true, ++delivered;
    }
    for (int j = 1; j < t; ++j) d.cut(0, j);
    d.settle();
    for (int j = 1; j < t; ++j) d.link(0, j);
    d.submit(0, "later");
    d.settle();
    for (int j = 0; j < t; ++j) {
      EXPECT_EQ(d[j].replica->snapshot().installed, ViewNumber(1)) << "cut at " << cut_at;
      EXPECT_EQ(d.executed(j).size(), static_cast<std::size_t>(t) + 1) << "cut at " << cut_at;
      EXPECT_EQ(d.executed(j), d.executed(0)) << "cut at " << cut_at;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Replicas, FlushHit, ::testing::Values(3, 5),
                         [](const auto& instance) { return "t" + std::to_string(instance.param); });

TEST(Flush, a_wedged_replica_sends_no_frames_and_keeps_requests_for_the_next_view) {
  Cluster c(2);
  c.view(0, make_view(1, {0, 1}));
  const std::uint64_t sent = c[0].replica->snapshot().frames_sent;
  c.submit(0, "patient");
  c.turn(0);
  EXPECT_EQ(c[0].replica->snapshot().frames_sent, sent);
  c.view(1, make_view(1, {0, 1}));
  c.settle();
  EXPECT_EQ(c[0].answered, Texts{"patient"});
}

TEST(Flush, frames_sent_before_a_live_members_flush_count) {
  Cluster c(3);
  c.submit(2, "just before");
  c.turn(2);
  c.view(0, make_view(1, {0, 1, 2}));  // 0 is wedged before it has the frame
  c.view(make_view(1, {0, 1, 2}));
  c.settle();
  for (int i = 0; i < 3; ++i) EXPECT_EQ(c.executed(i), Texts{"just before"});
}

TEST(Flush, frames_of_the_next_view_that_come_early_are_taken_after_install) {
  Cluster c(2);
  c.view(make_view(1, {0, 1}));
  c.deliver_all(0, 1);
  c.deliver_all(1, 0);
  ASSERT_EQ(c[0].installed.size(), 1U);
  ASSERT_EQ(c[1].installed.size(), 0U);
  c.submit(0, "early");
  c.turn(0);
  auto& way = c.way(0, 1);
  std::rotate(way.begin(), way.end() - 1, way.end());  // it overtakes `done`
  ASSERT_TRUE(std::holds_alternative<FramePtr>(way.front()));
  c.settle();
  EXPECT_EQ(c.executed(1), Texts{"early"});
}

TEST(Flush, a_record_without_this_replica_stops_it) {
  Cluster c(2);
  c.view(1, make_view(1, {0}));
  ASSERT_TRUE(c[1].stop);
  EXPECT_EQ(c[1].stop->why, Output::Stop::Why::kExcluded);
}

TEST(Flush, a_record_without_a_learner_does_not_stop_it) {
  Cluster c(1);
  c.spawn(1, make_view(0, {0}));
  c.view(1, make_view(1, {0}));
  EXPECT_FALSE(c[1].stop);
}

}  // namespace
}  // namespace titer::smr::testing
