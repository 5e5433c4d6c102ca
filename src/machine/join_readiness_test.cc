// SPDX-License-Identifier: Apache-2.0

#include "machine/join_readiness.h"

#include <gtest/gtest.h>

namespace titer::machine {
namespace {

constexpr std::int64_t kMs = 1000;
constexpr std::int64_t kMiB = std::int64_t{1} << 20;

// A learner whose donor's state changes at a constant rate, and that receives at a constant speed.
struct Join {
  std::int64_t change_bytes_s = 0, link_bytes_s = 0;
  BootTime now{1'000'000};
  JoinReadiness readiness{};

  bool pass(std::int64_t bytes) {
    const std::int64_t us = bytes * 1'000'000 / link_bytes_s;
    readiness.received(now, static_cast<std::size_t>(bytes / 2));
    now = BootTime(now.value + us);
    readiness.received(now, static_cast<std::size_t>(bytes - bytes / 2));
    const bool ready = readiness.pass_ended(now);
    now = BootTime(now.value + 20 * kMs);
    return ready;
  }
  // Until it is ready; the seconds that this took, or -1 after ten minutes.
  double run(std::int64_t state_bytes) {
    const BootTime since = now;
    BootTime began = now;
    bool ready = pass(state_bytes);
    while (!ready && now.value - since.value < 600'000'000) {
      const std::int64_t changed = change_bytes_s * (now.value - began.value) / 1'000'000;
      began = now;
      ready = pass(std::min(changed, state_bytes));
    }
    return ready ? static_cast<double>(now.value - since.value) / 1e6 : -1;
  }
};

TEST(JoinReadiness, the_first_pass_is_never_enough) {
  Join join{0, 100 * kMiB};
  EXPECT_FALSE(join.pass(10));
  EXPECT_TRUE(join.pass(0)) << "nothing has changed since";
}

TEST(JoinReadiness, a_second_pass_that_is_large_is_not_enough) {
  Join join{0, 20 * kMiB};
  EXPECT_FALSE(join.pass(72 * kMiB));
  EXPECT_FALSE(join.pass(40 * kMiB));
  EXPECT_FALSE(join.readiness.delayed());
  EXPECT_GT(join.readiness.final_state().pause_us, 1000 * kMs);
}

TEST(JoinReadiness, a_small_pass_after_a_short_one_is_measured_against_the_time_that_a_view_takes) {
  // 1 MiB changed within 20 ms; until members stop executing it will be 6 times as much.
  const auto burst = JoinReadiness::forecast({kMiB, 20 * kMs, 20 * kMs});
  EXPECT_EQ(burst.bytes, 6 * kMiB);
  EXPECT_EQ(burst.pause_us, 120 * kMs);
  EXPECT_FALSE(JoinReadiness::permitted(burst, 0));
  // The same within 10 s, and less than that will follow: but a pass is never expected to shrink.
  const auto calm = JoinReadiness::forecast({kMiB, 20 * kMs, 10'000 * kMs});
  EXPECT_EQ(calm.bytes, kMiB);
  EXPECT_EQ(calm.pause_us, 20 * kMs);
  EXPECT_TRUE(JoinReadiness::permitted(calm, 0));
}

TEST(JoinReadiness, many_bytes_are_not_a_short_pause_even_if_they_arrived_in_a_moment) {
  const auto forecast = JoinReadiness::forecast({40 * kMiB, 1, 1000 * kMs});
  EXPECT_EQ(forecast.pause_us, 1);
  EXPECT_FALSE(JoinReadiness::permitted(forecast, JoinReadiness::kPatienceUs));
}

TEST(JoinReadiness, the_permitted_pause_grows_with_the_time_waited_up_to_a_second) {
  const auto longest = [](std::int64_t waited_us) {
    std::int64_t us = 0;
    while (JoinReadiness::permitted({0, us + kMs}, waited_us)) us += kMs;
    return us / kMs;
  };
  EXPECT_EQ(longest(-5), 100);
  EXPECT_EQ(longest(0), 100);
  EXPECT_EQ(longest(JoinReadiness::kPatienceUs / 2), 550);
  EXPECT_EQ(longest(JoinReadiness::kPatienceUs), 1000);
  EXPECT_EQ(longest(100 * JoinReadiness::kPatienceUs), 1000);
}

TEST(JoinReadiness, a_learner_joins_when_the_link_is_faster_than_the_changes) {
  for (const std::int64_t changes : {1, 5, 9, 18}) {
    Join join{changes * kMiB, 20 * kMiB};
    const double seconds = join.run(500 * kMiB);
    EXPECT_GT(seconds, 25) << changes;
    EXPECT_LT(seconds, 600) << changes;
    EXPECT_LE(join.readiness.final_state().pause_us, JoinReadiness::kPauseMaxUs) << changes;
    EXPECT_FALSE(join.readiness.delayed()) << changes;
  }
}

TEST(JoinReadiness, one_that_receives_more_slowly_than_changes_come_never_joins_and_says_so) {
  Join join{25 * kMiB, 20 * kMiB};
  EXPECT_EQ(join.run(500 * kMiB), -1);
  EXPECT_TRUE(join.readiness.delayed());
  // The import ends.
  join.change_bytes_s = 0;
  EXPECT_FALSE(join.pass(500 * kMiB));
  EXPECT_TRUE(join.pass(0));
  EXPECT_FALSE(join.readiness.delayed());
}

TEST(JoinReadiness, an_end_without_a_beginning_counts_for_nothing) {
  JoinReadiness readiness{};
  EXPECT_FALSE(readiness.pass_ended(BootTime(5)));
  EXPECT_EQ(readiness.passes(), 0U);
}

}  // namespace
}  // namespace titer::machine
