// SPDX-License-Identifier: Apache-2.0

#include "formats/csv.h"

#include <gtest/gtest.h>

#include <chrono>
#include <random>

namespace titer::formats {
namespace {

struct Split {
  std::vector<std::vector<std::string>> records;
  std::vector<std::uint64_t> lines;
  std::vector<std::uint64_t> refused;
  bool stray = false;
};

Split split(std::string_view text, std::size_t piece = 0) {
  Split s;
  CsvSplitter splitter(
      [&](const CsvRecord& r) {
        s.records.emplace_back(r.fields.begin(), r.fields.end());
        s.lines.push_back(r.line);
        s.stray = s.stray || r.stray_quote;
      },
      [&](std::uint64_t line, std::string_view) { s.refused.push_back(line); });
  if (piece == 0) piece = std::max<std::size_t>(text.size(), 1);
  for (std::size_t at = 0; at < text.size(); at += piece) splitter.feed(text.substr(at, piece));
  splitter.finish();
  return s;
}
using Records = std::vector<std::vector<std::string>>;

TEST(Csv, fields_quotes_and_line_ends) {
  EXPECT_EQ(split("a,b\n1,2\n").records, (Records{{"a", "b"}, {"1", "2"}}));
  EXPECT_EQ(split("a,b\r\n1,2\r\n").records, (Records{{"a", "b"}, {"1", "2"}}));
  EXPECT_EQ(split("a,b").records, (Records{{"a", "b"}})) << "no line end at the end";
  EXPECT_EQ(split("\"a,b\",\"c \"\"d\"\"\"\n").records, (Records{{"a,b", "c \"d\""}}));
  EXPECT_EQ(split("\"two\nlines\",x\ny,z\n").records, (Records{{"two\nlines", "x"}, {"y", "z"}}));
  EXPECT_EQ(split("\"two\r\nlines\"\r\n").records, (Records{{"two\r\nlines"}}));
  EXPECT_EQ(split(",,\n").records, (Records{{"", "", ""}}));
  EXPECT_EQ(split("\"\",\"\"\n").records, (Records{{"", ""}}));
  EXPECT_EQ(split("\n\na\n\n").records, (Records{{"a"}})) << "empty lines";
  EXPECT_TRUE(split("").records.empty());
}

TEST(Csv, lines_are_counted_also_within_quotes) {
  EXPECT_EQ(split("a\n\n\"x\ny\nz\"\nb\n").lines, (std::vector<std::uint64_t>{1, 3, 6}));
}

TEST(Csv, quotes_out_of_place_are_text) {
  EXPECT_EQ(split("5\" pipe,2\nx,y\n").records, (Records{{"5\" pipe", "2"}, {"x", "y"}}));
  const Split s = split("\"a\"b,c\nx,y\n");
  EXPECT_EQ(s.records, (Records{{"ab", "c"}, {"x", "y"}}));
  EXPECT_TRUE(s.stray);
}

TEST(Csv, an_open_quote_costs_its_line_and_not_the_file) {
  const Split s = split("a,b\n\"open,2\nx,y\nz,w\n");
  EXPECT_EQ(s.records, (Records{{"a", "b"}, {"x", "y"}, {"z", "w"}}));
  EXPECT_EQ(s.refused, (std::vector<std::uint64_t>{2}));
  EXPECT_EQ(s.lines, (std::vector<std::uint64_t>{1, 3, 4}));
}

TEST(Csv, an_open_quote_far_from_the_end_costs_its_line_too) {
  std::string text = "a,b\n\"open,2\n";
  for (int i = 0; i < 200'000; ++i) text += "x,y,z,w\n";
  for (const std::size_t piece : {std::size_t{0}, std::size_t{4096}}) {
    const Split s = split(text, piece);
    EXPECT_EQ(s.refused, (std::vector<std::uint64_t>{2}));
    EXPECT_EQ(s.records.size(), 200'001U);
    EXPECT_EQ(s.lines.back(), 200'002U);
  }
}

TEST(Csv, a_line_beyond_the_limit_is_skipped_to_its_end) {
  const std::string text = "a,b\n" + std::string(3 << 20, 'x') + ",\"still the same line\n1,2\n";
  for (const std::size_t piece : {std::size_t{0}, std::size_t{65536}}) {
    const Split s = split(text, piece);
    EXPECT_EQ(s.refused, (std::vector<std::uint64_t>{2}));
    EXPECT_EQ(s.records, (Records{{"a", "b"}, {"1", "2"}}));
    EXPECT_EQ(s.lines.back(), 3U);
  }
}

// Each line leaves a quote open whatever came before: reading must not go over the same bytes again and again.
TEST(Csv, lines_that_open_quotes_on_and_on_take_linear_time) {
  std::string text;
  while (text.size() < (3U << 20)) text += "a\",\"\n";
  const auto began = std::chrono::steady_clock::now();
  const Split s = split(text, 65536);
  EXPECT_LT(std::chrono::steady_clock::now() - began, std::chrono::seconds(5));
  EXPECT_GT(s.refused.size() + s.records.size(), 100'000U);
}

TEST(Csv, more_fields_than_the_limit_are_refused) {
  EXPECT_EQ(split(std::string(kFieldsMax, ',').append("\na\n")).refused, (std::vector<std::uint64_t>{1}));
  EXPECT_EQ(split(std::string(kFieldsMax - 1, ',').append("\n")).records.at(0).size(), kFieldsMax);
}

TEST(Csv, pieces_make_no_difference) {
  std::mt19937 random(1);
  for (int round = 0; round < 500; ++round) {
    std::string text;
    for (std::size_t n = random() % 60; n > 0; --n) text.push_back("a\",\n\r"[random() % 5]);
    const Split whole = split(text);
    for (const std::size_t piece : {1U, 2U, 7U}) {
      const Split cut = split(text, piece);
      ASSERT_EQ(cut.records, whole.records) << text;
      ASSERT_EQ(cut.lines, whole.lines) << text;
      ASSERT_EQ(cut.refused, whole.refused) << text;
    }
  }
}

}  // namespace
}  // namespace titer::formats
