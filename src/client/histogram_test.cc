// SPDX-License-Identifier: Apache-2.0

#include "client/histogram.h"

#include <gtest/gtest.h>

#include "client/addresses.h"

namespace titer::client {
namespace {

TEST(Histogram, SmallValuesAreExact) {
  Histogram h;
  for (std::uint64_t v = 1; v <= 50; ++v) h.add(v);
  EXPECT_EQ(h.quantile(0.5), 25U);
  EXPECT_EQ(h.quantile(1), 50U);
  EXPECT_EQ(h.max(), 50U);
}

TEST(Histogram, LargeValuesAreWithinTwoPercent) {
  Histogram h;
  for (std::uint64_t v = 1; v <= 1'000'000; ++v) h.add(v * 1000);
  for (const double share : {0.01, 0.5, 0.99, 0.999}) {
    const auto exact = share * 1e9;
    EXPECT_NEAR(static_cast<double>(h.quantile(share)), exact, exact * 0.02) << share;
  }
}

TEST(Histogram, ExtremesFit) {
  Histogram h;
  h.add(0);
  h.add(UINT64_MAX);
  EXPECT_EQ(h.quantile(0.5), 0U);
  EXPECT_EQ(h.quantile(1), UINT64_MAX);
  EXPECT_EQ(Histogram().quantile(0.5), 0U);
}

TEST(Addresses, ListsAndRepetitions) {
  const auto parsed = parse_addresses({"8892,127.0.0.1:8893", "localhost:8892", "10.0.0.7:9"});
  ASSERT_TRUE(parsed.ok());
  EXPECT_EQ(to_text(*parsed), "127.0.0.1:8892, 127.0.0.1:8893, 10.0.0.7:9");
}

TEST(Addresses, NamesWhatIsWrong) {
  const auto parsed = parse_addresses({"8892", "frog"});
  ASSERT_FALSE(parsed.ok());
  EXPECT_EQ(parsed.error().code, Code::kInvalid);
  EXPECT_NE(parsed.error().message.find("frog"), std::string::npos);
}

}  // namespace
}  // namespace titer::client
