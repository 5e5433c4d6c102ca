// SPDX-License-Identifier: Apache-2.0

#include "smr/suspicion.h"

#include <gtest/gtest.h>

#include <array>

#include "smr/replica.h"

namespace titer::smr {
namespace {

constexpr std::int64_t kTickUs = limits::kHeartbeatEveryUs / 2;

// A replica of five, by itself: the test says who is linked and heard, and whom those say that they hear.
struct OneOfFive {
  explicit OneOfFive(std::uint16_t me = 0, bool shares_machine = false)
      : replica(options(me, shares_machine), record()) {
    for (std::uint16_t id = 0; id < 5; ++id)
      if (id != me) find({id});
  }
  static Options options(std::uint16_t me, bool shares_machine) {
    Options o;
    o.me = ReplicaId(me);
    o.incarnation = Incarnation(100U + me);
    o.shares_machine = shares_machine;
    return o;
  }
  static ViewRecord record() {
    ViewRecord record;
    for (std::uint16_t i = 0; i < 5; ++i) record.members.push_back({ReplicaId(i), Incarnation(100U + i), ""});
    return record;
  }
  void step(const Input& in) { replica.step(now, in, out); }
  void lose(std::initializer_list<std::uint16_t> ids) {
    for (const std::uint16_t id : ids) step(input::LinkDown{ReplicaId(id), Incarnation(100U + id)});
  }
  void find(std::initializer_list<std::uint16_t> ids) {
    for (const std::uint16_t id : ids) step(input::LinkUp{ReplicaId(id), Incarnation(100U + id)});
  }

  // One tick, with heartbeats of these.
  void pass_with(std::initializer_list<std::uint16_t> heard) {
    now = BootTime(now.value + kTickUs);
    for (const std::uint16_t id : heard) {
      Heartbeat beat;
      beat.sent = now;
      beat.hears = says.at(id);
      step(input::Receive{ReplicaId(id), Incarnation(100U + id), beat});
    }
    step(input::Tick{});
  }
  // Time passes, with heartbeats of these; how long until it asks for a view, in ms.
  std::int64_t asks_after_ms(std::initializer_list<std::uint16_t> heard) {
    const BootTime since = now;
    while (out.ask.empty() && now.value - since.value < 10'000'000) pass_with(heard);
    return (now.value - since.value) / 1000;
  }

  BootTime now{1'000'000'000};
  Replica replica;
  Output out;
  std::array<ReplicaSet, 5> says{};  // whom each says that it hears
};

constexpr ReplicaSet kAll{0b11111};
constexpr std::int64_t kSilenceMs = limits::kSuspectAfterUs / 1000;
constexpr std::int64_t kYieldMs = Suspicion::kYieldUs / 1000;

TEST(Minority, the_larger_side_asks_as_soon_as_a_link_stays_away) {
  OneOfFive one;
  EXPECT_EQ(one.asks_after_ms({1, 2, 3, 4}), 10'000);
  one.lose({3, 4});
  EXPECT_LE(one.asks_after_ms({1, 2}), Suspicion::kLinkUs / 1000 + 50);
  ASSERT_EQ(one.out.ask.size(), 1U);
  EXPECT_TRUE(one.out.ask[0].without.has(ReplicaId(3)) && one.out.ask[0].without.has(ReplicaId(4)));
}

TEST(Minority, who_hears_fewer_than_half_waits_a_second_longer_for_the_others_to_exclude_it) {
  OneOfFive one;
  (void)one.asks_after_ms({1, 2, 3, 4});
  one.lose({2, 3, 4});
  const std::int64_t waited = one.asks_after_ms({1});
  EXPECT_GE(waited, kYieldMs);
  EXPECT_LE(waited, kYieldMs + Suspicion::kLinkUs / 1000 + 50);
}

TEST(Minority, who_hears_the_others_again_in_time_asks_for_nothing) {
  OneOfFive one;
  (void)one.asks_after_ms({1, 2, 3, 4});
  one.lose({2, 3, 4});
  for (int i = 0; i < 30; ++i) {
    one.now = BootTime(one.now.value + kTickUs);
    one.step(input::Tick{});
  }
  EXPECT_TRUE(one.out.ask.empty());
  one.find({2, 3, 4});
  EXPECT_EQ(one.asks_after_ms({1, 2, 3, 4}), 10'000);
}

TEST(Probe, a_lost_connection_to_one_whom_others_hear_gets_as_long_as_silence) {
  OneOfFive one;
  one.says.fill(kAll);
  one.lose({4});
  const std::int64_t waited = one.asks_after_ms({1, 2, 3});
  EXPECT_GE(waited, kSilenceMs);
  EXPECT_LE(waited, kSilenceMs + 100);
}

TEST(Probe, one_whom_nobody_hears_any_more_is_gone) {
  OneOfFive one;
  one.says.fill(kAll);
  for (ReplicaSet& says : one.says) says.remove(ReplicaId(4));
  one.lose({4});
  EXPECT_LE(one.asks_after_ms({1, 2, 3}), Suspicion::kLinkUs / 1000 + 50);
}

TEST(Probe, of_two_that_miss_each_other_the_higher_index_yields) {
  OneOfFive one(4);
  one.says.fill(kAll);
  one.lose({0});
  const std::int64_t waited = one.asks_after_ms({1, 2, 3});
  EXPECT_GE(waited, kSilenceMs + kYieldMs);
  EXPECT_LE(waited, kSilenceMs + kYieldMs + 100);
}

TEST(Probe, whom_more_members_hear_stays_whatever_its_index) {
  OneOfFive higher(4);
  higher.says.fill(kAll);
  higher.says[1].remove(ReplicaId(0));
  higher.lose({0});
  EXPECT_LE(higher.asks_after_ms({1, 2, 3}), kSilenceMs + 100);

  OneOfFive lower;
  lower.says.fill(kAll);
  lower.says[1].remove(ReplicaId(0));
  lower.lose({4});
  EXPECT_GE(lower.asks_after_ms({1, 2, 3}), kSilenceMs + kYieldMs);
}

TEST(Probe, who_misses_several_that_others_hear_yields) {
  OneOfFive one;
  one.says.fill(kAll);
  one.lose({1, 2});
  EXPECT_GE(one.asks_after_ms({3, 4}), kSilenceMs + kYieldMs);
}

TEST(Probe, what_a_silent_witness_said_counts_no_more) {
  OneOfFive one;
  one.says.fill(kAll);
  (void)one.asks_after_ms({1, 2, 3, 4});
  one.says = {};
  one.lose({4});  // and 3 hangs, whose last word was that it hears 4
  EXPECT_LE(one.asks_after_ms({1, 2}), Suspicion::kWitnessUs / 1000 + 100);
}

// --- silence

TEST(Silence, of_one_whose_heartbeats_came_on_time_is_noticed_early) {
  OneOfFive one;
  (void)one.asks_after_ms({1, 2, 3, 4});
  (void)one.asks_after_ms({1, 2, 3, 4});
  const std::int64_t waited = one.asks_after_ms({1, 2, 3});
  EXPECT_GE(waited, Patience::kShortestUs / 1000);
  EXPECT_LE(waited, Patience::kShortestUs / 1000 + 50);
  EXPECT_EQ(one.out.ask[0].without, ReplicaSet{0b10000});
}

TEST(Silence, of_one_that_is_not_known_for_long_gets_the_longest_patience) {
  OneOfFive one;
  for (int i = 0; i < 40; ++i) one.pass_with({1, 2, 3, 4});
  EXPECT_GE(one.asks_after_ms({1, 2, 3}), kSilenceMs);
  one.out = {};
  one.find({4});  // a link that is new has to be known, too
  EXPECT_GE(one.asks_after_ms({1, 2, 3}), kSilenceMs);
}

// They compete for its processors, memory and disk.
TEST(Silence, of_replicas_that_share_a_machine_is_not_noticed_early) {
  OneOfFive one(0, true);
  (void)one.asks_after_ms({1, 2, 3, 4});
  (void)one.asks_after_ms({1, 2, 3, 4});
  EXPECT_GE(one.asks_after_ms({1, 2, 3}), kSilenceMs);
}

TEST(Silence, of_all_others_at_once_gets_the_longest_patience_and_a_second_more) {
  OneOfFive one;
  (void)one.asks_after_ms({1, 2, 3, 4});
  (void)one.asks_after_ms({1, 2, 3, 4});
  EXPECT_GE(one.asks_after_ms({}), kSilenceMs + kYieldMs);
}

// It was not running for 350 ms; what three sent meanwhile it has read when it ticks, and what the fourth sent not yet.
TEST(Silence, does_not_count_while_the_replica_itself_was_not_running) {
  OneOfFive one;
  (void)one.asks_after_ms({1, 2, 3, 4});
  (void)one.asks_after_ms({1, 2, 3, 4});
  for (int pause = 0; pause < 5; ++pause) {
    one.now = BootTime(one.now.value + 350'000 - kTickUs);
    one.pass_with({1, 2, 3});
    EXPECT_TRUE(one.out.ask.empty());
    one.pass_with({1, 2, 3, 4});
  }
  EXPECT_EQ(one.asks_after_ms({1, 2, 3, 4}), 10'000);
}

TEST(Silence, is_told_with_its_length) {
  OneOfFive one;
  (void)one.asks_after_ms({1, 2, 3});
  ASSERT_EQ(one.out.ask.size(), 1U);
  EXPECT_EQ(one.out.ask[0].reason, "replica 4: no heartbeat for 825 ms");
}

// --- patience

constexpr std::int64_t kSecond = 1'000'000;

// Heartbeats at these intervals, for so long.
BootTime beat(Patience& patience, BootTime from, std::initializer_list<std::int64_t> gaps_ms, std::int64_t us) {
  BootTime now = from;
  while (now.value - from.value < us)
    for (const std::int64_t gap : gaps_ms) patience.heard(now = BootTime(now.value + gap * 1000));
  return now;
}

TEST(Patience, is_the_longest_until_heartbeats_were_seen_for_a_while) {
  Patience patience;
  EXPECT_EQ(patience.us(BootTime(kSecond)), Patience::kLongestUs);
  BootTime now = beat(patience, BootTime(kSecond), {50}, Patience::kProbationUs - kSecond);
  EXPECT_EQ(patience.us(now), Patience::kLongestUs);
  now = beat(patience, now, {50}, 2 * kSecond);
  EXPECT_EQ(patience.us(now), Patience::kShortestUs);
}

TEST(Patience, is_three_times_the_longest_gap_within_its_bounds) {
  for (const auto& [gap_ms, us] : {std::pair{75, 300'000},
                                   {100, 300'000},
                                   {150, 450'000},
                                   {200, 600'000},
                                   {266, 798'000},
                                   {300, 800'000},
                                   {2'000, 800'000}}) {
    Patience patience;
    const BootTime now = beat(patience, BootTime(kSecond), {50, 50, gap_ms, 20}, 20 * kSecond);
    EXPECT_EQ(patience.us(now), us) << gap_ms;
  }
}

// A mean of them all would not see one pause in a minute.
TEST(Patience, remembers_a_single_pause_for_half_a_minute_at_least_and_a_minute_at_most) {
  Patience patience;
  BootTime now = beat(patience, BootTime(kSecond), {50}, 100 * kSecond);
  EXPECT_EQ(patience.us(now), Patience::kShortestUs);
  now = beat(patience, now, {200}, 1);
  now = beat(patience, now, {50}, Patience::kWindowUs - kSecond);
  EXPECT_EQ(patience.us(now), 600'000);
  now = beat(patience, now, {50}, Patience::kWindowUs + 2 * kSecond);
  EXPECT_EQ(patience.us(now), Patience::kShortestUs);
}

TEST(Limping, a_member_whose_heartbeats_come_late_is_reported_and_not_asked_to_leave) {
  OneOfFive one;
  for (int ms = 0; ms < 20'000; ms += 25) {
    one.now = BootTime(one.now.value + kTickUs);
    for (std::uint16_t id = 1; id < 5; ++id) {
      if (id == 4 && ms % 500 >= 50) continue;
      Heartbeat beat;
      beat.sent = one.now;
      one.step(input::Receive{ReplicaId(id), Incarnation(100U + id), beat});
    }
    one.step(input::Tick{});
  }
  EXPECT_TRUE(one.out.ask.empty());
  const std::vector<Lag> lags = one.replica.lags();
  ASSERT_EQ(lags.size(), 4U);
  for (const Lag& lag : lags) EXPECT_EQ(lag.limps, lag.id == ReplicaId(4)) << lag.id.value << ": " << lag.us;
}

}  // namespace
}  // namespace titer::smr
