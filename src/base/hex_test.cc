// SPDX-License-Identifier: Apache-2.0

#include "base/hex.h"

#include <gtest/gtest.h>

namespace titer {
namespace {

TEST(Hex, NumbersComeBack) {
  for (const std::uint64_t n : {std::uint64_t{0}, std::uint64_t{42}, std::uint64_t{1} << 63, ~std::uint64_t{0}})
    EXPECT_EQ(parse_hex64(hex64(n)), n);
  EXPECT_EQ(hex64(42), "000000000000002a");
}

TEST(Hex, OnlyTheWrittenFormIsRead) {
  for (const char* text : {"", "2a", "000000000000002A", "00000000000000002a", "000000000000002g",
                           "+00000000000002a", "-00000000000002a", "0x0000000000002a", " 00000000000002a"})
    EXPECT_EQ(parse_hex64(text), std::nullopt) << text;
}

TEST(Hex, DigitsHaveValues) {
  EXPECT_EQ(hex_digit('0'), 0U);
  EXPECT_EQ(hex_digit('9'), 9U);
  EXPECT_EQ(hex_digit('a'), 10U);
  EXPECT_EQ(hex_digit('F'), 15U);
  for (const char c : {'g', 'G', '/', ':', '@', '`', '\0', '\xff'}) EXPECT_EQ(hex_digit(c), std::nullopt);
  EXPECT_TRUE(is_hex("0123456789abcdef"));
  EXPECT_FALSE(is_hex("A"));
}

}  // namespace
}  // namespace titer
