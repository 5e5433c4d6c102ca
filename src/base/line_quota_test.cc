// SPDX-License-Identifier: Apache-2.0

#include "base/line_quota.h"

#include <gtest/gtest.h>

namespace titer {
namespace {

TEST(LineQuota, ten_thousand_lines_in_a_minute_are_ten_and_a_number) {
  LineQuota quota;
  BootTime now(1'000'000);
  std::uint64_t written = 0;
  for (int i = 0; i < 10'000; ++i) {
    EXPECT_EQ(quota.left_out(now), 0U) << "the window is not over";
    if (quota.take(now)) ++written;
    now.value += 1'000;
  }
  EXPECT_EQ(written, LineQuota::kLines);
  now.value += LineQuota::kWindowUs;
  EXPECT_EQ(quota.left_out(now), 10'000 - LineQuota::kLines);
  EXPECT_EQ(quota.left_out(now), 0U) << "told once";
  EXPECT_TRUE(quota.take(now)) << "a new window";
}

TEST(LineQuota, a_line_now_and_then_is_always_written) {
  LineQuota quota;
  BootTime now(0);
  for (int i = 0; i < 100; ++i) {
    EXPECT_EQ(quota.left_out(now), 0U);
    EXPECT_TRUE(quota.take(now));
    now.value += LineQuota::kWindowUs / 5;
  }
}

}  // namespace
}  // namespace titer
