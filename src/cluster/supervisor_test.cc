// SPDX-License-Identifier: Apache-2.0

// The driver: what it makes of the data directory, of ports, and of programs that end. With replicas that serve it is tested from
// end to end (tests/e2e).
#include "cluster/supervisor.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <boost/asio/ip/tcp.hpp>

#include "cluster/data_dir_scan.h"
#include "cluster/testing/data_dir.h"
#include "store/identity.h"
#include "store/restore_mark.h"

namespace titer::cluster {
namespace {

class SupervisorTest : public testing::Test {
 protected:
  SupervisorTest() {
    options_.replicas = 2;
    options_.base_port = static_cast<std::uint16_t>(20'000 + ::getpid() % 20'000);
    options_.data_dir = dir_.path();
    program("exit 4");
  }
  // What each replica's process does.
  void program(const std::string& script) {
    options_.program = dir_.file("program");
    std::ofstream(options_.program) << "#!/bin/sh\n" << script << "\n";
    ::chmod(options_.program.c_str(), S_IRWXU);
  }
  Status start() {
    supervisor_ =
        std::make_unique<Supervisor>(loop_, options_, [this](const std::string& text) { said_.push_back(text); });
    Status started = supervisor_->start_all();
    supervisor_->stop_all();
    return started;
  }
  std::string error() {
    const Status started = start();
    return started ? "" : started.error().message;
  }
  void had(bool durable, bool bootstrapped, std::uint16_t replicas = 2) const {
    RegisterState state{77, replicas, durable, bootstrapped, {}, {}};
    state.record.number = ViewNumber(4);
    state.record.members = {{ReplicaId(0), Incarnation(5), "127.0.0.1:1"}};
    ASSERT_TRUE(write_register(dir_.path(), state));
  }

  const DataDir dir_;
  SupervisorOptions options_;
  net::Loop loop_;
  std::vector<std::string> said_;
  std::unique_ptr<Supervisor> supervisor_;
};

// --- programs

TEST_F(SupervisorTest, replicas_that_end_while_a_cluster_begins_are_an_error_that_names_their_logs) {
  EXPECT_NE(error().find("not all replicas came up; their logs are in " + dir_.path()), std::string::npos);
  EXPECT_TRUE(std::filesystem::exists(dir_.file("replica-0.log")));
  EXPECT_EQ(supervisor_->alive(), 0U);
}

TEST_F(SupervisorTest, a_program_that_is_not_there_is_named) {
  options_.program = "/no/such/program";
  EXPECT_NE(error().find("/no/such/program"), std::string::npos);
}

TEST_F(SupervisorTest, the_members_of_the_first_record_are_on_disk_before_anybody_is_started) {
  options_.program = "/no/such/program";
  (void)start();
  const auto state = read_register(dir_.path());
  ASSERT_TRUE(state && *state);
  EXPECT_EQ((*state)->record.members.size(), 2U);
  EXPECT_FALSE((*state)->bootstrapped);
  EXPECT_NE((*state)->record.members[0].incarnation, (*state)->record.members[1].incarnation);
}

TEST_F(SupervisorTest, a_replica_hears_what_it_is_on_its_command_line) {
  program("echo \"$@\"; exit 4");
  (void)start();
  const std::string log = dir_.content("replica-1.log");
  for (const char* part : {"replica-process --index 1 --replicas 2", "--data ", "--incarnation "})
    EXPECT_NE(log.find(part), std::string::npos) << log;
}

TEST_F(SupervisorTest, a_start_that_was_interrupted_is_tried_again_as_the_same_cluster) {
  options_.program = "/no/such/program";
  (void)start();
  const std::uint64_t first = (*read_register(dir_.path()))->cluster;
  const auto before = (*read_register(dir_.path()))->record.members[0].incarnation;
  (void)start();
  const auto state = read_register(dir_.path());
  ASSERT_TRUE(state && *state);
  EXPECT_EQ((*state)->cluster, first);
  EXPECT_NE((*state)->record.members[0].incarnation, before) << "and with other processes";
}

TEST_F(SupervisorTest, replicas_that_end_while_a_cluster_restarts_are_an_error) {
  had(true, true);
  EXPECT_NE(error().find("no replica came up"), std::string::npos);
  EXPECT_TRUE(supervisor_->continued());
  EXPECT_EQ((*read_register(dir_.path()))->record.number, ViewNumber(4)) << "nothing was decided";
}

// --- ports

TEST_F(SupervisorTest, a_port_in_use_is_named_before_anything_is_written) {
  boost::asio::ip::tcp::acceptor taken(loop_.context(),
                                       {boost::asio::ip::make_address("127.0.0.1"), options_.base_port});
  EXPECT_NE(error().find(std::to_string(options_.base_port)), std::string::npos);
  EXPECT_FALSE(std::filesystem::exists(dir_.file("register")));
}

// --- the data directory

TEST_F(SupervisorTest, a_durable_cluster_is_not_continued_in_memory) {
  had(true, true);
  options_.durable = false;
  EXPECT_NE(error().find("leave out --memory"), std::string::npos);
}

TEST_F(SupervisorTest, a_cluster_in_memory_that_has_failed_is_not_begun_again_unasked) {
  had(false, true);
  options_.durable = false;
  EXPECT_NE(error().find("--accept-data-loss"), std::string::npos);
  options_.accept_data_loss = true;
  EXPECT_NE(error().find("not all replicas came up"), std::string::npos);
}

TEST_F(SupervisorTest, a_cluster_is_not_started_with_fewer_replicas_than_it_has) {
  had(true, true, 3);
  EXPECT_NE(error().find("has 3 replicas"), std::string::npos);
}

TEST_F(SupervisorTest, data_of_replicas_without_a_register_are_not_taken_for_a_new_cluster) {
  std::filesystem::create_directory(dir_.file("replica-0"));
  ASSERT_TRUE(store::write_identity(dir_.file("replica-0"), {77, ReplicaId(0), {Incarnation(5)}}));
  EXPECT_NE(error().find("titer recover"), std::string::npos);
}

TEST_F(SupervisorTest, a_damaged_register_is_an_error_that_says_what_to_do) {
  std::ofstream(dir_.file("register")) << "not a register";
  EXPECT_NE(error().find("titer recover"), std::string::npos);
}

TEST_F(SupervisorTest, what_a_restore_has_left_unfinished_is_not_started) {
  ASSERT_TRUE(store::write_restore_mark(dir_.path()));
  EXPECT_FALSE(start());
}

TEST_F(SupervisorTest, a_directory_in_use_is_not_started) {
  const auto lock = lock_data(dir_.path(), true);
  ASSERT_TRUE(lock);
  EXPECT_NE(error().find("is in use"), std::string::npos);
}

}  // namespace
}  // namespace titer::cluster
