// SPDX-License-Identifier: Apache-2.0

// What both kinds of replica processes share: their limits, their log's lines, and what they read of earlier lives.
#include "host/replica_process.h"

#include <gtest/gtest.h>
#include <spdlog/sinks/ostream_sink.h>
#include <spdlog/spdlog.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

namespace titer::host {
namespace {

// --- how many connections

TEST(ConnectionLimits, a_node_takes_its_share_and_a_quarter_of_them_may_watch) {
  const Descriptors shares = divide_descriptors(65'536).value();
  node::NodeOptions options;
  limit_connections(shares, {}, options);
  EXPECT_EQ(options.descriptors, 65'536U);
  EXPECT_EQ(options.newcomers_max, shares.newcomers);
  EXPECT_EQ(options.limits.connections.in_all, shares.clients);
  EXPECT_EQ(options.limits.connections.per_address, shares.clients / 4);
  EXPECT_EQ(options.limits.watches.in_all, shares.clients / 4);
  EXPECT_EQ(options.limits.watches.per_address, shares.clients / 16);
}

TEST(ConnectionLimits, what_an_operator_allows_limits_watches_too_and_one_may_always_watch) {
  const Descriptors shares = divide_descriptors(65'536).value();
  node::NodeOptions options;
  limit_connections(shares, {.in_all = 40, .per_address = 8}, options);
  EXPECT_EQ(options.limits.connections.in_all, 40U);
  EXPECT_EQ(options.limits.watches.in_all, 10U);
  EXPECT_EQ(options.limits.watches.per_address, 2U);
  limit_connections(shares, {.in_all = 1, .per_address = 1}, options);
  EXPECT_EQ(options.limits.watches.in_all, 1U);
  EXPECT_EQ(options.limits.watches.per_address, 1U);
}

// --- the process

class PreparedProcess : public testing::Test {
 protected:
  PreparedProcess() : before_(spdlog::default_logger()), mask_(::umask(0)) {
    ::umask(mask_);
    auto sink = std::make_shared<spdlog::sinks::ostream_sink_mt>(log);
    spdlog::set_default_logger(std::make_shared<spdlog::logger>("prepared", sink));
  }
  ~PreparedProcess() override {
    spdlog::set_default_logger(before_);
    ::umask(mask_);
    ::signal(SIGHUP, SIG_DFL);
  }
  std::ostringstream log;

 private:
  std::shared_ptr<spdlog::logger> before_;
  mode_t mask_;
};

TEST_F(PreparedProcess, whatever_is_logged_is_one_line_and_of_a_bounded_length) {
  ASSERT_TRUE(prepare_process().ok());
  spdlog::info("a name: {}", "Elm\n2026-01-01T00:00:00.000Z E forged\x1b[2J");
  spdlog::info("{}", std::string(100'000, 'x'));
  std::istringstream lines(log.str());
  std::string first, second, third;
  std::getline(lines, first);
  std::getline(lines, second);
  EXPECT_FALSE(std::getline(lines, third));
  EXPECT_EQ(first.find('\x1b'), std::string::npos);
  EXPECT_NE(first.find("forged"), std::string::npos) << "it is there, escaped: " << first;
  EXPECT_LT(second.size(), 2'200U);
}

TEST_F(PreparedProcess, a_line_begins_with_the_time_in_utc_and_its_level) {
  ASSERT_TRUE(prepare_process().ok());
  spdlog::warn("careful");
  const std::string line = log.str();
  ASSERT_GE(line.size(), 27U) << line;
  EXPECT_EQ(line[10], 'T');
  EXPECT_EQ(line.substr(23), "Z W careful\n") << line;
}

TEST_F(PreparedProcess, its_files_are_for_nobody_else_and_a_reader_that_has_gone_does_not_end_it) {
  const auto descriptors = prepare_process();
  ASSERT_TRUE(descriptors.ok());
  const mode_t mask = ::umask(0);
  ::umask(mask);
  EXPECT_EQ(mask, 0077U);
  EXPECT_EQ(::signal(SIGPIPE, SIG_IGN), SIG_IGN);
  rlimit limit{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &limit), 0);
  EXPECT_EQ(limit.rlim_cur, limit.rlim_max) << "as many descriptors as the system lets it have";
  EXPECT_EQ(descriptors->limit, limit.rlim_cur);
}

// --- earlier lives

class EarlierLives : public testing::Test {
 protected:
  EarlierLives() {
    std::string pattern = testing::TempDir() + "titer-lives-XXXXXX";
    dir_ = ::mkdtemp(pattern.data());
  }
  ~EarlierLives() override { std::filesystem::remove_all(dir_); }
  [[nodiscard]] store::StoreOptions disk() const { return {dir_ + "/data", 7, ReplicaId(1), Incarnation(101)}; }

  std::string dir_;
  ReplicaProcess process_;
};

TEST_F(EarlierLives, in_memory_there_are_none) {
  const auto found = recover_from_disk(process_, {}, "", false);
  ASSERT_TRUE(found.ok()) << found.error().message;
  EXPECT_EQ(found->store, nullptr);
  EXPECT_FALSE(found->log.on());
  EXPECT_EQ(found->machine.position(), Position(0));
}

TEST_F(EarlierLives, a_directory_that_is_not_there_is_made_and_empty) {
  const auto found = recover_from_disk(process_, disk(), "", false);
  ASSERT_TRUE(found.ok()) << found.error().message;
  ASSERT_NE(found->store, nullptr);
  EXPECT_FALSE(found->store->inventory().whole);
  EXPECT_TRUE(std::filesystem::exists(dir_ + "/data"));
}

TEST_F(EarlierLives, a_directory_in_use_is_an_error) {
  const auto first = recover_from_disk(process_, disk(), "", false);
  ASSERT_TRUE(first.ok());
  const auto second = recover_from_disk(process_, disk(), "", false);
  EXPECT_FALSE(second.ok());
}

TEST_F(EarlierLives, the_directory_of_another_replica_or_cluster_is_refused) {
  { ASSERT_TRUE(recover_from_disk(process_, disk(), "", false).ok()); }
  store::StoreOptions replica = disk(), cluster = disk();
  replica.me = ReplicaId(2);
  cluster.cluster = 8;
  EXPECT_FALSE(recover_from_disk(process_, replica, "", false).ok());
  EXPECT_FALSE(recover_from_disk(process_, cluster, "", false).ok());
}

TEST_F(EarlierLives, an_execution_log_is_kept_by_a_process_that_comes_back_and_begun_by_a_new_one) {
  const std::string path = dir_ + "/log";
  std::ofstream(path) << "1.0.0: add\n";
  {
    const auto kept = recover_from_disk(process_, {}, path, true);
    ASSERT_TRUE(kept.ok());
    EXPECT_TRUE(kept->log.on());
    EXPECT_EQ(kept->log.bytes(), 11U);
  }
  const auto fresh = recover_from_disk(process_, {}, path, false);
  ASSERT_TRUE(fresh.ok());
  EXPECT_EQ(fresh->log.bytes(), 0U);
}

TEST_F(EarlierLives, a_log_that_cannot_be_written_is_an_error) {
  EXPECT_FALSE(recover_from_disk(process_, {}, dir_ + "/missing/log", true).ok());
}

TEST(ReplicaProcess, without_http_there_is_nothing_to_wait_for_at_the_end) {
  ReplicaProcess process;
  bool done = false;
  stop_http(process, [&] { done = true; });
  EXPECT_TRUE(done);
}

}  // namespace
}  // namespace titer::host
