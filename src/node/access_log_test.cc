// SPDX-License-Identifier: Apache-2.0

// What the log says of keys, and how many lines outsiders may cause.
#include "node/access_log.h"

#include <gtest/gtest.h>
#include <spdlog/sinks/ostream_sink.h>
#include <spdlog/spdlog.h>

#include <memory>
#include <sstream>
#include <string>
#include <vector>

#include "machine/testing.h"
#include "net/testing/fake_environment.h"
#include "node/outside_log.h"

namespace titer::node {
namespace {

class LoggedTest : public ::testing::Test {
 protected:
  LoggedTest() : before_(spdlog::default_logger()) {
    auto sink = std::make_shared<spdlog::sinks::ostream_sink_mt>(text_);
    auto logger = std::make_shared<spdlog::logger>("logged", sink);
    logger->set_pattern("%v");
    spdlog::set_default_logger(logger);
  }
  ~LoggedTest() override { spdlog::set_default_logger(before_); }
  // The lines since the last time.
  std::vector<std::string> lines() {
    std::vector<std::string> out;
    std::istringstream all(text_.str());
    for (std::string line; std::getline(all, line);) out.push_back(line);
    text_.str("");
    return out;
  }

 private:
  std::ostringstream text_;
  std::shared_ptr<spdlog::logger> before_;
};

class AccessLogTest : public LoggedTest {
 protected:
  void execute(registry::KeyId by, registry::Operation operation, std::string_view reason = {}) {
    registry::Request one = machine::request(std::move(operation));
    one.key = by;
    one.reason = reason;
    const auto results = machine::run(machine, make_.add(1, ++number_, one).frame());
    ASSERT_TRUE(results[0].outcome.ok()) << results[0].outcome.message;
  }
  static registry::CreateKey key(std::uint64_t id, std::string_view owner) {
    return {registry::KeyId(id), {}, owner, registry::Role::kOperator, {}, {}};
  }
  machine::Machine machine;

 private:
  machine::FrameMaker make_;
  std::uint64_t number_ = 0;
};

TEST_F(AccessLogTest, a_key_that_is_made_or_revoked_and_the_switch_have_a_line_each_in_their_order) {
  execute(registry::kMachine, key(11, "ann"));
  execute(registry::KeyId(11), key(12, "ben"), "Ben has moved");
  execute(registry::KeyId(11), registry::RevokeKey{registry::KeyId(12)});
  execute(registry::KeyId(11), registry::SetWriteStop{true});
  log_access(machine.registry(), Position(0));
  const auto told = lines();
  ASSERT_EQ(told.size(), 4U);
  EXPECT_NE(told[0].find("\"ann\" made, role operator"), std::string::npos) << told[0];
  EXPECT_NE(told[1].find("\"ben\" made"), std::string::npos) << told[1];
  EXPECT_NE(told[1].find("by \"ann\", because \"Ben has moved\" (position 2)"), std::string::npos) << told[1];
  EXPECT_NE(told[2].find("\"ben\" revoked"), std::string::npos) << told[2];
  EXPECT_NE(told[3].find("writes are stopped"), std::string::npos) << told[3];
}

TEST_F(AccessLogTest, what_was_told_before_is_not_told_again) {
  execute(registry::kMachine, key(11, "ann"));
  const Position since = machine.position();
  log_access(machine.registry(), since);
  EXPECT_TRUE(lines().empty());
  execute(registry::KeyId(11), key(12, "ben"));
  log_access(machine.registry(), since);
  EXPECT_EQ(lines().size(), 1U);
}

TEST_F(AccessLogTest, changes_of_stock_have_none) {
  execute(registry::kMachine, key(11, "ann"));
  const Position since = machine.position();
  execute(registry::KeyId(11), machine::add_site("elm", "Elm").operation);
  execute(registry::KeyId(11), machine::set("elm", 5).operation);
  log_access(machine.registry(), since);
  EXPECT_TRUE(lines().empty());
}

class OutsideLogTest : public LoggedTest {
 protected:
  net::test::FakeEnvironment env_;
  OutsideLog log_{env_, "strangers"};
};

TEST_F(OutsideLogTest, of_a_flood_the_first_lines_are_written_and_the_number_of_the_others_is_told_once) {
  for (int i = 0; i < 100; ++i) log_.warn("stranger {}", i);
  auto told = lines();
  ASSERT_EQ(told.size(), LineQuota::kLines);
  EXPECT_EQ(told[0], "stranger 0");
  log_.tell_left_out(env_.boot_now());
  EXPECT_TRUE(lines().empty()) << "the minute is not over";
  env_.pass(LineQuota::kWindowUs);
  log_.tell_left_out(env_.boot_now());
  log_.tell_left_out(env_.boot_now());
  told = lines();
  ASSERT_EQ(told.size(), 1U);
  EXPECT_EQ(told[0], "strangers: repeated 90 times in the last minute, not written one by one");
}

TEST_F(OutsideLogTest, the_next_minute_has_lines_of_its_own) {
  for (int i = 0; i < 20; ++i) log_.warn("stranger {}", i);
  (void)lines();
  env_.pass(LineQuota::kWindowUs);
  log_.warn("stranger {}", 20);
  const auto told = lines();
  ASSERT_EQ(told.size(), 2U);
  EXPECT_NE(told[0].find("10 times"), std::string::npos);
  EXPECT_EQ(told[1], "stranger 20");
}

TEST_F(OutsideLogTest, each_kind_has_its_own) {
  OutsideLog other(env_, "others");
  for (int i = 0; i < 20; ++i) log_.warn("stranger {}", i);
  (void)lines();
  other.warn("another");
  EXPECT_EQ(lines(), std::vector<std::string>{"another"});
}

}  // namespace
}  // namespace titer::node
