// SPDX-License-Identifier: Apache-2.0

#include "cluster/restart_backoff.h"

#include <gtest/gtest.h>

namespace titer::cluster {
namespace {

constexpr std::int64_t kSecondUs = 1'000'000;

TEST(RestartBackoff, waits_twice_as_long_after_each_end_and_gives_up_at_the_fifth) {
  RestartBackoff backoff;
  const BootTime now(1000);
  for (const std::int64_t wait_us : {kSecondUs / 2, kSecondUs, 2 * kSecondUs, 4 * kSecondUs})
    EXPECT_EQ(backoff.ended(now), BootTime(now.value + wait_us));
  EXPECT_EQ(backoff.ended(now), std::nullopt);
  EXPECT_EQ(backoff.ended(now), std::nullopt);
}

TEST(RestartBackoff, forgets_ends_that_are_older_than_the_window) {
  RestartBackoff backoff;
  for (int i = 0; i < 4; ++i) (void)backoff.ended(BootTime(i));
  const BootTime later(RestartBackoff::kWindowUs + 3);
  EXPECT_EQ(backoff.ended(later), BootTime(later.value + RestartBackoff::kFirstWaitUs));
}

TEST(RestartBackoff, counts_an_end_until_the_window_is_over) {
  RestartBackoff backoff;
  for (int i = 0; i < 4; ++i) (void)backoff.ended(BootTime(0));
  EXPECT_EQ(backoff.ended(BootTime(RestartBackoff::kWindowUs - 1)), std::nullopt);
}

TEST(RestartBackoff, begins_again_when_the_operator_has_started_the_replica) {
  RestartBackoff backoff;
  for (int i = 0; i < 6; ++i) (void)backoff.ended(BootTime(0));
  backoff.reset();
  EXPECT_EQ(backoff.ended(BootTime(0)), BootTime(RestartBackoff::kFirstWaitUs));
}

}  // namespace
}  // namespace titer::cluster
