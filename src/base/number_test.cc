// SPDX-License-Identifier: Apache-2.0

#include "base/number.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <limits>
#include <string>

namespace titer {
namespace {

template <typename Number>
void expect_round_trip(Number n) {
  EXPECT_EQ(parse_number<Number>(std::to_string(n)), n);
}

TEST(Numbers, TheEndsOfEachRangeAreReadAndNothingBeyond) {
  expect_round_trip(std::numeric_limits<std::uint64_t>::max());
  expect_round_trip(std::numeric_limits<std::int64_t>::min());
  expect_round_trip(std::numeric_limits<std::int64_t>::max());
  expect_round_trip(std::uint64_t{0});
  EXPECT_EQ(parse_number<std::uint64_t>("18446744073709551616"), std::nullopt);
  EXPECT_EQ(parse_number<std::int64_t>("-9223372036854775809"), std::nullopt);
  EXPECT_EQ(parse_number<std::uint16_t>("65535"), 65535);
  EXPECT_EQ(parse_number<std::uint16_t>("65536"), std::nullopt);
  EXPECT_EQ(parse_number<double>("1e309"), std::nullopt);
}

TEST(Numbers, AreDecimal) {
  EXPECT_EQ(parse_number<std::uint32_t>("010"), 10U);
  EXPECT_EQ(parse_number<std::uint32_t>("0x10"), std::nullopt);
  EXPECT_EQ(parse_number<double>("42.5"), 42.5);
  EXPECT_EQ(parse_number<double>("-1e3"), -1000);
}

TEST(Numbers, WithAnythingElseAreNone) {
  for (const char* text : {"", " ", "+1", " 1", "1 ", "1x", "x1", "-1", "1.0", "1,000", "1_000"})
    EXPECT_EQ(parse_number<std::uint64_t>(text), std::nullopt) << text;
  for (const char* text : {"", "inf", "-inf", "nan", "infinity", "1.0x", "."})
    EXPECT_EQ(parse_number<double>(text), std::nullopt) << text;
}

TEST(Numbers, AreTakenFromTheFront) {
  std::string_view text = "12 -7.rest";
  EXPECT_EQ(take_number<std::uint32_t>(text), 12U);
  EXPECT_EQ(text, " -7.rest");
  EXPECT_EQ(take_number<std::int32_t>(text), std::nullopt);
  EXPECT_EQ(text, " -7.rest");
  text.remove_prefix(1);
  EXPECT_EQ(take_number<std::int32_t>(text), -7);
  EXPECT_EQ(text, ".rest");
}

}  // namespace
}  // namespace titer
