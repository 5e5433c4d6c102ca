// SPDX-License-Identifier: Apache-2.0

#include "host/log_file.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "net/loop.h"

namespace titer::host {
namespace {

namespace fs = std::filesystem;

std::string content(const std::string& path) {
  std::ostringstream out;
  out << std::ifstream(path).rdbuf();
  return out.str();
}

class LogFileTest : public testing::Test {
 protected:
  LogFileTest() : dir_(testing::TempDir() + "titer-log") {
    fs::remove_all(dir_);
    fs::create_directory(dir_);
  }
  ~LogFileTest() override { fs::remove_all(dir_); }
  [[nodiscard]] bool wait_for(const std::function<bool()>& condition) {
    return loop_.run_until(BootTime(net::boot_now().value + 10'000'000), condition);
  }

  std::string dir_, path_ = dir_ + "/titer.log", old_ = dir_ + "/titer.log.1";
  net::Loop loop_;
};

// Opening a pipe that nobody reads would wait forever; so would the replica that is told to open its log again.
TEST_F(LogFileTest, APipeOrADirectoryIsNoLog) {
  ASSERT_EQ(::mkfifo(path_.c_str(), 0600), 0);
  const auto pipe = LogFile::open(path_);
  ASSERT_FALSE(pipe.ok());
  EXPECT_NE(pipe.error().message.find("pipe"), std::string::npos) << pipe.error().message;
  EXPECT_FALSE(LogFile::open(dir_).ok());
}

// The process continued to write to the renamed file.
TEST_F(LogFileTest, AHangupReopensItByItsName) {
  const auto before = spdlog::default_logger();
  std::ofstream(path_) << "of an earlier process\n";
  auto log = LogFile::open(path_);
  ASSERT_TRUE(log.ok()) << log.error().message;
  (*log)->reopen_on_hangup(loop_.context());
  for (const char* round : {"first", "second"}) {
    spdlog::error("{} line", round);
    spdlog::default_logger()->flush();
    fs::rename(path_, old_);
    ASSERT_EQ(::raise(SIGHUP), 0);
    ASSERT_TRUE(wait_for([&] { return fs::exists(path_); }));
    spdlog::error("after the {}", round);
    spdlog::default_logger()->flush();
    EXPECT_NE(content(old_).find(std::string(round) + " line"), std::string::npos);
    EXPECT_EQ(content(old_).find("after the " + std::string(round)), std::string::npos);
    EXPECT_NE(content(path_).find("after the " + std::string(round)), std::string::npos);
  }
  spdlog::set_default_logger(before);
}

TEST_F(LogFileTest, ANewLogIsWrittenBehindWhatIsThere) {
  const auto before = spdlog::default_logger();
  std::ofstream(path_) << "of an earlier process\n";
  {
    auto log = LogFile::open(path_);
    ASSERT_TRUE(log.ok()) << log.error().message;
    spdlog::error("of this one");
    spdlog::default_logger()->flush();
  }
  spdlog::set_default_logger(before);
  const std::string all = content(path_);
  EXPECT_EQ(all.find("of an earlier process\n"), 0U);
  EXPECT_NE(all.find("of this one"), std::string::npos);
}

TEST_F(LogFileTest, AFolderThatIsNotThereIsAnErrorWithThePath) {
  const auto log = LogFile::open(dir_ + "/missing/titer.log");
  ASSERT_FALSE(log.ok());
  EXPECT_EQ(log.error().code, Code::kInvalid);
  EXPECT_NE(log.error().message.find(dir_ + "/missing/titer.log"), std::string::npos);
}

TEST(LogLevel, OneThatIsNotKnownIsAnErrorAndNotSilence) {
  EXPECT_EQ(log_level("warning").value(), spdlog::level::warn);
  EXPECT_EQ(log_level("error").value(), spdlog::level::err);
  EXPECT_EQ(log_level("off").value(), spdlog::level::off);
  for (const char* name : {"loud", "", "INFO"}) EXPECT_FALSE(log_level(name).ok()) << name;
}

TEST_F(LogFileTest, DescriptorsKeepTheirNumbersAndWhatIsThereStays) {
  const int one = ::open(path_.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600), two = ::dup(one);
  const LogFile log(path_, {one, two});
  ASSERT_EQ(::write(one, "a", 1), 1);
  fs::rename(path_, old_);
  ASSERT_TRUE(log.reopen().ok());
  ASSERT_EQ(::write(one, "b", 1), 1);
  ASSERT_EQ(::write(two, "c", 1), 1);
  ASSERT_TRUE(log.reopen().ok()) << "a signal without a rename";
  ASSERT_EQ(::write(one, "d", 1), 1);
  EXPECT_EQ(content(old_), "a");
  EXPECT_EQ(content(path_), "bcd");
  ::close(one);
  ::close(two);
}

TEST_F(LogFileTest, WhatCannotBeOpenedLeavesTheOldFileInUse) {
  const int fd = ::open(path_.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
  const LogFile log(path_, {fd});
  fs::rename(path_, old_);
  fs::create_directory(path_);
  const Status reopened = log.reopen();
  ASSERT_FALSE(reopened.ok());
  EXPECT_NE(reopened.error().message.find(path_), std::string::npos);
  ASSERT_EQ(::write(fd, "still", 5), 5);
  EXPECT_EQ(content(old_), "still");
  ::close(fd);
  EXPECT_FALSE(LogFile::open(dir_).ok());
}

}  // namespace
}  // namespace titer::host
