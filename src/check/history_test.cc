// SPDX-License-Identifier: Apache-2.0

#include "check/history.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "check/test_history.h"

namespace titer::check {
namespace {

using registry::Availability;
using test::changed;
using test::same;

History read_all(std::string_view text) {
  HistoryReader reader;
  const Status status = reader.feed(text);
  EXPECT_TRUE(status.ok()) << (status.ok() ? "" : status.error().message);
  EXPECT_FALSE(reader.end_of_file());
  return reader.take();
}

std::string complaint(std::string_view text) {
  HistoryReader reader;
  const Status status = reader.feed(text);
  return status.ok() ? "" : status.error().message;
}

History one_of_each() {
  History out{test::set({1, 5}, 12, changed(3, 12, 7)), test::reserve({2, 9}, 20, same(12, 7), Code::kNotEnough),
              test::adjust({3, 4}, -5, changed(12, 7, 8)), test::read({3, 8}, std::nullopt),
              test::open(test::reserve({6, 0}, 2, {}))};
  out[0].if_version = 6;
  out[1].kind = OpKind::kRelease;
  out[2].product = "208";
  out[3].site = "St. \"Mary\" \xc3\xa9";
  for (const auto value : {Availability::yes(), Availability::no(), Availability::unknown()}) {
    Op op = test::set({10, 11}, 0, {value, Availability::of(0), 9});
    op.value = value;
    op.client = (std::uint64_t{1} << 53) - 1;
    op.id = out.size();
    out.push_back(op);
  }
  return out;
}

TEST(History, written_and_read_is_the_same) {
  std::string text;
  for (const Op& op : one_of_each()) print(op, text);
  EXPECT_EQ(read_all(text), one_of_each());
}

TEST(History, is_written_as_documented) {
  std::string text;
  Op op = test::reserve({1'000, 2'500}, 2, changed(12, 10, 41));
  op.client = 3;
  op.id = 17;
  op.site = "elm-street";
  print(op, text);
  EXPECT_EQ(text,
            R"({"client":3,"id":17,"site":"elm-street","op":"reserve","doses":2,"call_ns":1000,"end_ns":2500,)"
            R"("code":"ok","before":12,"after":10,"version":41})"
            "\n");
}

TEST(History, may_come_in_pieces) {
  std::string text;
  for (const Op& op : one_of_each()) print(op, text);
  for (const std::size_t size : {1, 7, 100}) {
    HistoryReader reader;
    for (std::size_t at = 0; at < text.size(); at += size)
      ASSERT_TRUE(reader.feed(std::string_view(text).substr(at, size)).ok());
    EXPECT_FALSE(reader.end_of_file());
    EXPECT_EQ(reader.take(), one_of_each()) << size;
  }
}

TEST(History, a_line_with_the_answer_replaces_the_call) {
  Op answered = test::reserve({1, 5}, 1, changed(2, 1, 4));
  answered.id = 9;
  Op other = answered;
  other.client = 2;
  std::string text;
  print(test::open(answered), text);
  print(test::open(other), text);
  print(answered, text);
  EXPECT_EQ(read_all(text), (History{answered, test::open(other)}));
}

TEST(History, the_torn_last_line_of_a_killed_writer_is_left_out) {
  std::string text;
  for (const Op& op : one_of_each()) print(op, text);
  HistoryReader reader;
  ASSERT_TRUE(reader.feed(text + R"({"client":3,"id")").ok());
  EXPECT_TRUE(reader.end_of_file());
  ASSERT_TRUE(reader.feed("\n\n").ok()) << "the next file starts from scratch";
  EXPECT_EQ(reader.take(), one_of_each());
}

TEST(History, says_what_is_wrong_with_which_line) {
  const std::string good = R"({"client":1,"id":1,"site":"a","op":"read","call_ns":1})"
                           "\n";
  EXPECT_EQ(complaint(good), "");
  EXPECT_EQ(complaint(good + "12\n"), "line 2: not a JSON object");
  EXPECT_EQ(complaint("{\n"), "line 1: not a JSON object");
  const auto with = [&](std::string_view from, std::string_view to) {
    std::string text = good;
    text.replace(text.find(from), from.size(), to);
    return complaint(text);
  };
  EXPECT_EQ(with(R"("client":1,)", ""), "line 1: \"client\" must be a whole number in range");
  EXPECT_EQ(with(R"("id":1,)", R"("id":-1,)"), "line 1: \"id\" must be a whole number in range");
  EXPECT_EQ(with(R"("id":1,)", R"("id":1.5,)"), "line 1: \"id\" must be a whole number in range");
  EXPECT_EQ(with(R"("a")", "7"), "line 1: \"site\" must be a text");
  EXPECT_EQ(with("read", "write"), "line 1: \"op\" is set, adjust, reserve, release or read, not \"write\"");
  EXPECT_EQ(with("read", "reserve"), "line 1: \"doses\" must be a whole number in range");
  EXPECT_EQ(with(R"("read")", R"("set","value":"yes")"),
            "line 1: \"value\" must be a count, true, false or \"unknown\"");
  EXPECT_EQ(with(R"("read")", R"("read","if_version":3)"), "line 1: only set and adjust have \"if_version\"");
  EXPECT_EQ(with(R"("call_ns":1)", R"("call_ns":1,"end_ns":2)"), "line 1: \"code\" must be a text");
  EXPECT_EQ(with(R"("call_ns":1)", R"("call_ns":1,"end_ns":2,"code":"fine")"),
            "line 1: \"fine\" is no code; \"ok\" is, or \"not_enough\"");
  EXPECT_EQ(with(R"("call_ns":1)", R"("call_ns":1,"code":"ok")"),
            "line 1: a \"code\" without \"end_ns\": when did the answer come?");
  EXPECT_EQ(with(R"("call_ns":1)", R"("call_ns":1,"end_ns":2,"code":"ok","after":3,"version":1)"),
            "line 1: \"before\" must be a count, true, false or \"unknown\"");
}

TEST(History, a_line_without_an_end_is_not_collected) {
  HistoryReader reader;
  const std::string piece(std::size_t{1} << 19, '\0');  // as a device gives them
  int taken = 0;
  while (taken < 10 && reader.feed(piece)) ++taken;
  EXPECT_LE(taken, 2);
}

TEST(History, every_code_either_has_an_outcome_or_did_nothing_or_leaves_it_open) {
  for (int i = 0; i <= static_cast<int>(Code::kTooOld); ++i) {
    const Code code = static_cast<Code>(i);
    EXPECT_FALSE(did_nothing(code) && leaves_open(code)) << name(code);
  }
  EXPECT_TRUE(did_nothing(Code::kBusy));
  EXPECT_TRUE(leaves_open(Code::kSessionEvicted));
  EXPECT_FALSE(did_nothing(Code::kNotEnough) || leaves_open(Code::kNotEnough)) << "a refusal is an answer";
}

}  // namespace
}  // namespace titer::check
