// SPDX-License-Identifier: Apache-2.0

#include "base/text.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <string>

namespace titer {
namespace {

// UTF-8 of a code point as its definition says it; surrogates too.
std::string encoded(std::uint32_t point) {
  const auto last = [&](unsigned shift) { return static_cast<char>(0x80 | (point >> shift & 0x3F)); };
  if (point < 0x80) return {static_cast<char>(point)};
  if (point < 0x800) return {static_cast<char>(0xC0 | point >> 6), last(0)};
  if (point < 0x10000) return {static_cast<char>(0xE0 | point >> 12), last(6), last(0)};
  return {static_cast<char>(0xF0 | point >> 18), last(12), last(6), last(0)};
}

TEST(Text, EveryCharacterIsUtf8AndNoSurrogateIs) {
  for (std::uint32_t point = 1; point <= 0x110000; ++point) {
    const bool character = point <= 0x10FFFF && (point < 0xD800 || point > 0xDFFF);
    const std::string text = encoded(point);
    ASSERT_EQ(is_utf8(text), character) << point;
    ASSERT_EQ(utf8_sequence(text, 0), character ? text.size() : 0) << point;
  }
}

TEST(Text, OnlyTheShortestFormIsUtf8) {
  for (const char* bad :
       {"\x80", "\xbf", "\xc0\xaf", "\xc1\xbf", "\xe0\x80\xaf", "\xe0\x9f\xbf", "\xf0\x80\x80\xaf",
        "\xf0\x8f\xbf\xbf", "\xf5\x80\x80\x80", "\xf8\x88\x80\x80\x80", "\xfe", "\xff"})
    EXPECT_FALSE(is_utf8(bad)) << bad;
}

TEST(Text, ASequenceThatIsCutOffIsNoUtf8) {
  for (const std::string_view whole : {"é", "€", "😀"})
    for (std::size_t n = 1; n < whole.size(); ++n) {
      EXPECT_FALSE(is_utf8(whole.substr(0, n)));
      EXPECT_FALSE(is_utf8(std::string(whole.substr(0, n)) + "a"));
    }
}

// Wherever a byte stands: eight are looked at together.
TEST(Text, OneByteAnywhereMakesATextUnclean) {
  for (std::size_t size = 1; size <= 24; ++size)
    for (std::size_t at = 0; at < size; ++at)
      for (int byte = 0; byte < 256; ++byte) {
        std::string text(size, 'a');
        text[at] = static_cast<char>(byte);
        const bool plain = byte >= 0x20 && byte < 0x7F;
        ASSERT_EQ(is_plain(text), plain) << byte << " at " << at << " of " << size;
        ASSERT_EQ(is_clean(text), plain) << byte << " at " << at << " of " << size;
        ASSERT_EQ(is_utf8(text), byte < 0x80) << byte << " at " << at << " of " << size;
      }
}

TEST(Text, CleanIsUtf8WithoutControlCharacters) {
  for (const char* clean : {"", "Elm Street", "Élm 😀"}) EXPECT_TRUE(is_clean(clean)) << clean;
  for (const char* unclean : {"a\nb", "é\x7f", "é\t", "\xff"}) EXPECT_FALSE(is_clean(unclean)) << unclean;
  for (const std::uint32_t point : {0x80U, 0x85U, 0x9BU, 0x9FU, 0x2028U, 0x2029U}) {
    EXPECT_EQ(unwanted(encoded(point)), Unwanted::kControl) << point;
    EXPECT_FALSE(is_clean("a" + encoded(point) + "b")) << point;
  }
  for (const std::uint32_t point : {0x202AU, 0x202EU, 0x2066U, 0x2069U}) {
    EXPECT_EQ(unwanted(encoded(point)), Unwanted::kDirection) << point;
    EXPECT_FALSE(is_clean("a" + encoded(point) + "b")) << point;
  }
  for (const std::uint32_t point : {0xA0U, 0x200DU, 0x200EU, 0x200FU, 0x2027U, 0x202FU, 0x2065U, 0x206AU, 0xFEFFU})
    EXPECT_TRUE(is_clean("a" + encoded(point) + "b")) << point;
}

TEST(Text, ATextInWhichNothingCanBeSeenIsBlank) {
  EXPECT_TRUE(is_blank(""));
  EXPECT_TRUE(is_blank(" \t"));
  std::string all;
  for (const std::uint32_t point : {0xA0U, 0xADU, 0x115FU, 0x1680U, 0x180EU, 0x2003U, 0x200BU, 0x200DU, 0x2060U,
                                    0x2800U, 0x3000U, 0x3164U, 0xFEFFU, 0xE0020U}) {
    EXPECT_TRUE(is_blank(encoded(point))) << point;
    all += encoded(point);
  }
  EXPECT_TRUE(is_blank(all));
  for (const char* seen : {"a", "é", "東", "😀", ".", "\xff"}) EXPECT_FALSE(is_blank(all + seen)) << seen;
}

TEST(Text, PrintableDoesNothingToALogOrATerminal) {
  EXPECT_EQ(printable("Clínica 東京"), "Clínica 東京");
  EXPECT_EQ(printable("a\nE operator ann revoked all keys"), "a\\nE operator ann revoked all keys");
  EXPECT_EQ(printable("\x1b[2J\x7f\r\t"), "\\x1b[2J\\x7f\\x0d\\x09");
  EXPECT_EQ(printable("\xC2\x9B"
                      "31m"),
            "\\x9b31m")
      << "C1, which terminals take for ESC [";
  EXPECT_EQ(printable("\xE2\x80\xAE"
                      "gpj.exe"),
            "\\u202egpj.exe")
      << "right to left";
  EXPECT_EQ(printable("\xE2\x81\xA6\xE2\x80\xA8"), "\\u2066\\u2028");
  EXPECT_EQ(printable("\xff\xC3"), "\\xff\\xc3") << "no UTF-8";
  EXPECT_EQ(printable("abcdef", 3), "abc…");
  EXPECT_EQ(printable("abc", 3), "abc");
  EXPECT_EQ(printable("aé", 2), "a…") << "no half characters";
}

TEST(Text, IsTrimmed) {
  EXPECT_EQ(trim(" \t\r\n"), "");
  EXPECT_EQ(trim(""), "");
  EXPECT_EQ(trim("\r\n a b\t"), "a b");
}

TEST(Text, IsComparedWithoutCaseInAsciiAlone) {
  EXPECT_TRUE(same_ignoring_case("TrUe-1", "tRuE-1"));
  EXPECT_FALSE(same_ignoring_case("É", "é"));
  EXPECT_FALSE(same_ignoring_case("a", "ab"));
  EXPECT_FALSE(same_ignoring_case("@[", "`{"));
  EXPECT_TRUE(all_digits("0123456789"));
  EXPECT_FALSE(all_digits(""));
  EXPECT_FALSE(all_digits("1.5"));
}

}  // namespace
}  // namespace titer
