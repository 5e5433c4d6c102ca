// SPDX-License-Identifier: Apache-2.0

#include "base/json_string.h"

#include <gtest/gtest.h>

namespace titer {
namespace {

TEST(JsonString, WhatJsonDoesNotTakeIsEscaped) {
  EXPECT_EQ(json_string(""), R"("")");
  EXPECT_EQ(json_string(R"(a "b" \c)"), R"("a \"b\" \\c")");
  EXPECT_EQ(json_string("\n\t\x01\x1f"), R"("\u000a\u0009\u0001\u001f")");
  EXPECT_EQ(json_string(std::string_view("\0", 1)), R"("\u0000")");
  EXPECT_EQ(json_string("/ é€😀"), "\"/ é€😀\"");
}

// `titer view --json` at a terminal: C1 is taken for ESC [, and the rest turns the line's order.
TEST(JsonString, DoesNothingToATerminal) {
  EXPECT_EQ(json_string("a\x7f\xC2\x9B"
                        "31m"),
            R"("a\u007f\u009b31m")");
  EXPECT_EQ(json_string("\xE2\x80\xAE\xE2\x81\xA6\xE2\x80\xA8\xE2\x80\x8F\xEF\xBB\xBF"),
            R"("\u202e\u2066\u2028\u200f\ufeff")");
}

TEST(JsonString, BytesThatAreNoUtf8AreReplacedOneByOne) {
  EXPECT_EQ(json_string("a\xff\xfe z"), "\"a\xEF\xBF\xBD\xEF\xBF\xBD z\"");
  EXPECT_EQ(json_string("\xe2\x82"), "\"\xEF\xBF\xBD\xEF\xBF\xBD\"");
  EXPECT_EQ(json_string("\xed\xa0\x80\""), "\"\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\\\"\"");
}

TEST(JsonString, IsAppended) {
  std::string out = "x:";
  print_json_string("a", out);
  EXPECT_EQ(out, "x:\"a\"");
}

}  // namespace
}  // namespace titer
