// SPDX-License-Identifier: Apache-2.0

#include "node/execution_log.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

#include "machine/testing.h"
#include "wire/codec.h"

namespace titer::node {
namespace {

class ExecutionLogTest : public ::testing::Test {
 protected:
  ExecutionLogTest() {
    std::string pattern = testing::TempDir() + "titer-execution-log-XXXXXX";
    dir_ = ::mkdtemp(pattern.data());
    path_ = dir_ + "/log";
  }
  ~ExecutionLogTest() override { std::filesystem::remove_all(dir_); }

  static ExecutionLog open(const std::string& path, bool keep = true) {
    auto opened = ExecutionLog::open(path, keep);
    EXPECT_TRUE(opened.ok()) << (opened ? "" : opened.error().message);
    return std::move(opened).value();
  }
  static std::string content(const std::string& path) {
    std::ostringstream out;
    out << std::ifstream(path).rdbuf();
    return out.str();
  }
  void write(const std::string& text) const { std::ofstream(path_) << text; }
  // The payloads of the parts that a donor gives from this offset on.
  static std::vector<Bytes> parts_of(ExecutionLog& donor, std::uint64_t from, std::size_t bytes_max) {
    std::vector<Bytes> parts;
    for (std::uint64_t at = from; at < donor.bytes();) {
      Bytes out;
      at = donor.write_part(at, bytes_max, out);
      ByteView rest = out;
      const auto message = wire::next_message(rest);
      EXPECT_TRUE(message.ok() && *message && (*message)->type == wire::Type::kTransferLog);
      parts.emplace_back((*message)->payload.begin(), (*message)->payload.end());
    }
    return parts;
  }

  std::string dir_, path_;
};

TEST_F(ExecutionLogTest, one_that_is_off_takes_everything_and_keeps_nothing) {
  ExecutionLog off;
  EXPECT_FALSE(off.on());
  off.append("1.0.0: nothing");
  off.flush();
  EXPECT_EQ(off.bytes(), 0U);
  Bytes out;
  EXPECT_EQ(off.write_part(0, 100, out), 0U);
  EXPECT_TRUE(out.empty());
  ExecutionLog donor = open(path_);
  donor.append("1.0.0: add");
  for (const Bytes& part : parts_of(donor, 0, 100))
    EXPECT_TRUE(off.read_part(part).ok()) << "a learner without one";
}

TEST_F(ExecutionLogTest, lines_are_in_the_file_when_they_are_flushed) {
  ExecutionLog log = open(path_);
  log.append("1.0.0: add");
  log.append("1.0.1: set");
  log.flush();
  EXPECT_EQ(content(path_), "1.0.0: add\n1.0.1: set\n");
  EXPECT_EQ(log.bytes(), content(path_).size());
}

TEST_F(ExecutionLogTest, a_clean_end_loses_no_line_wherever_the_log_was_moved_to) {
  {
    ExecutionLog log = open(path_);
    log.append("1.0.0: add");
    ExecutionLog moved = std::move(log);
    moved.append("1.0.1: set");
    ExecutionLog last;
    last = std::move(moved);
    last.append("1.0.2: set");
  }
  EXPECT_EQ(content(path_), "1.0.0: add\n1.0.1: set\n1.0.2: set\n");
}

TEST_F(ExecutionLogTest, a_process_that_was_killed_in_the_middle_of_a_line_left_half_of_it_which_goes) {
  write("1.0.0: add\n1.0.1: se");
  ExecutionLog log = open(path_);
  EXPECT_EQ(content(path_), "1.0.0: add\n");
  log.append("1.0.1: set");
  log.flush();
  EXPECT_EQ(content(path_), "1.0.0: add\n1.0.1: set\n");
}

TEST_F(ExecutionLogTest, a_file_with_half_a_line_alone_is_empty) {
  write("1.0.0: ad");
  const ExecutionLog log = open(path_);
  EXPECT_EQ(log.bytes(), 0U);
}

TEST_F(ExecutionLogTest, a_new_file_is_begun_where_nothing_is_kept) {
  write("1.0.0: of another cluster\n");
  ExecutionLog log = open(path_, false);
  log.append("1.0.0: add");
  log.flush();
  EXPECT_EQ(content(path_), "1.0.0: add\n");
}

// After a restart what the tables did not have yet is executed again.
TEST_F(ExecutionLogTest, lines_that_are_there_are_not_written_twice) {
  write("7.0.0: add\n9.0.0: set\n10.2.0: set\n10.2.1: set\n");
  ExecutionLog log = open(path_);
  for (const char* again : {"9.0.0: set", "10.2.0: set", "10.2.1: set"}) log.append(again);
  log.append("10.2.2: set");  // the numbers are compared, and not the texts
  log.append("11.0.0: set");
  log.flush();
  EXPECT_EQ(content(path_), "7.0.0: add\n9.0.0: set\n10.2.0: set\n10.2.1: set\n10.2.2: set\n11.0.0: set\n");
}

TEST_F(ExecutionLogTest, a_learner_gets_what_it_lacks_and_has_the_same_file) {
  ExecutionLog donor = open(path_);
  for (int i = 0; i < 100; ++i) donor.append(std::to_string(i + 1) + ".0.0: set");
  const std::string there = dir_ + "/learner";
  std::ofstream(there) << "1.0.0: set\n2.0.0: set\n3.0";
  ExecutionLog learner = open(there);
  const auto parts = parts_of(donor, learner.bytes(), 64);
  EXPECT_GT(parts.size(), 10U);
  for (const Bytes& part : parts) ASSERT_TRUE(learner.read_part(part).ok());
  learner.append("101.0.0: set");
  donor.append("101.0.0: set");
  donor.flush();
  learner.flush();
  EXPECT_EQ(content(there), content(path_));
  EXPECT_EQ(learner.bytes(), donor.bytes());
}

// A donor that died half-way was replaced by another.
TEST_F(ExecutionLogTest, parts_may_overlap_and_none_may_be_missing) {
  ExecutionLog donor = open(path_);
  for (int i = 0; i < 20; ++i) donor.append(std::to_string(i + 1) + ".0.0: set");
  const std::string there = dir_ + "/learner";
  ExecutionLog learner = open(there);
  const auto small = parts_of(donor, 0, 50), large = parts_of(donor, 0, 120);
  ASSERT_TRUE(learner.read_part(small[0]).ok());
  ASSERT_TRUE(learner.read_part(small[1]).ok());
  ASSERT_TRUE(learner.read_part(large[0]).ok()) << "it begins before and ends behind what is there";
  ASSERT_TRUE(learner.read_part(small[0]).ok()) << "it is there as a whole";
  EXPECT_EQ(learner.bytes(), 120U);
  EXPECT_EQ(learner.read_part(small.back()).error().code, Code::kProtocol);
  for (std::size_t i = 1; i < large.size(); ++i) ASSERT_TRUE(learner.read_part(large[i]).ok());
  EXPECT_EQ(content(there), content(path_));
}

TEST_F(ExecutionLogTest, a_part_that_cannot_be_read_is_an_error) {
  ExecutionLog log = open(path_);
  EXPECT_FALSE(log.read_part(Bytes(1, std::byte{0xFF})).ok()) << "an offset that does not end";
}

TEST_F(ExecutionLogTest, nothing_is_given_beyond_the_end) {
  ExecutionLog log = open(path_);
  log.append("1.0.0: add");
  Bytes out;
  EXPECT_EQ(log.write_part(log.bytes(), 100, out), log.bytes());
  EXPECT_TRUE(out.empty());
}

TEST_F(ExecutionLogTest, a_path_that_cannot_be_written_is_an_error_with_the_path) {
  const auto log = ExecutionLog::open(dir_ + "/missing/log", true);
  ASSERT_FALSE(log.ok());
  EXPECT_NE(log.error().message.find(dir_ + "/missing/log"), std::string::npos);
}

// A request that is refused for its name has a line too. A name with a line end would forge one, and of one longer than the
// end that is looked at, a restart would not know what is there.
TEST_F(ExecutionLogTest, whatever_a_request_names_its_line_is_one_line_and_found_again) {
  const std::string forged = "Elm\n999.9.9: add Oak", longest(200'000, 'x');
  machine::Machine machine;
  machine::FrameMaker make;
  std::vector<std::string> lines;
  {
    ExecutionLog log = open(path_);
    machine::run(
        machine,
        make.add(1, 1, machine::add_site("elm", forged)).add(1, 2, machine::add_site("elm", longest)).frame(),
        [&](std::string_view line) {
          lines.emplace_back(line);
          log.append(line);
        });
  }
  ASSERT_EQ(lines.size(), 2U);
  EXPECT_EQ(content(path_).find("\n999"), std::string::npos);
  ExecutionLog log = open(path_);
  const std::uint64_t before = log.bytes();
  for (const std::string& line : lines) log.append(line);
  EXPECT_EQ(log.bytes(), before);
}

}  // namespace
}  // namespace titer::node
