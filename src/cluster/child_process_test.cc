// SPDX-License-Identifier: Apache-2.0

#include "cluster/child_process.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>

#include "cluster/local_sockets.h"
#include "cluster/testing/data_dir.h"

namespace titer::cluster {
namespace {

// Waits for its end.
int exit_code(const ChildProcess& child) {
  int status = 0;
  if (::waitpid(child.pid, &status, 0) != child.pid || !WIFEXITED(status)) return -1;
  return WEXITSTATUS(status);
}

Result<ChildProcess> shell(const DataDir& dir, const std::string& script) {
  return spawn("/bin/sh", {"-c", script}, dir.file("log"), {"TITER_TEST_SECRET", "of the replicas"});
}

TEST(ChildProcess, parent_and_child_talk_over_descriptor_3) {
  const DataDir dir;
  const auto child = shell(dir, "read line <&3; echo \"got $line\" >&3");
  ASSERT_TRUE(child) << child.error().message;
  ASSERT_EQ(::write(child->control, "hello\n", 6), 6);
  std::array<char, 64> buffer{};
  const ssize_t n = ::read(child->control, buffer.data(), buffer.size());
  ASSERT_GT(n, 0);
  EXPECT_EQ(std::string(buffer.data(), static_cast<std::size_t>(n)), "got hello\n");
  EXPECT_EQ(exit_code(*child), 0);
  ::close(child->control);
}

TEST(ChildProcess, the_end_of_the_parents_side_is_seen_by_the_child) {
  const DataDir dir;
  const auto child = shell(dir, "read line <&3 || exit 5");
  ASSERT_TRUE(child);
  ::close(child->control);
  EXPECT_EQ(exit_code(*child), 5);
}

TEST(ChildProcess, the_secret_is_in_its_environment_and_not_on_its_command_line) {
  const DataDir dir;
  const auto child = shell(dir, "echo \"$TITER_TEST_SECRET\"; tr '\\0' ' ' < /proc/$$/cmdline");
  ASSERT_TRUE(child);
  EXPECT_EQ(exit_code(*child), 0);
  ::close(child->control);
  const std::string log = dir.content("log");
  EXPECT_TRUE(log.starts_with("of the replicas\n")) << log;
  EXPECT_EQ(log.find("of the replicas", 1), std::string::npos) << log;
}

TEST(ChildProcess, what_it_prints_is_appended_to_the_log) {
  const DataDir dir;
  std::ofstream(dir.file("log")) << "before\n";
  const auto child = shell(dir, "echo out; echo err >&2");
  ASSERT_TRUE(child);
  EXPECT_EQ(exit_code(*child), 0);
  ::close(child->control);
  EXPECT_EQ(dir.content("log"), "before\nout\nerr\n");
}

TEST(ChildProcess, it_has_a_process_group_of_its_own) {
  const DataDir dir;
  const auto child = shell(dir, "read line <&3");
  ASSERT_TRUE(child);
  EXPECT_EQ(::getpgid(child->pid), child->pid);
  ::close(child->control);
  (void)exit_code(*child);
}

TEST(ChildProcess, a_program_or_a_log_that_cannot_be_opened_is_named) {
  const DataDir dir;
  const auto missing = spawn("/no/such/program", {}, dir.file("log"), {"A", "b"});
  ASSERT_FALSE(missing);
  EXPECT_NE(missing.error().message.find("/no/such/program"), std::string::npos);
  const auto closed = spawn("/bin/true", {}, dir.file("no/log"), {"A", "b"});
  ASSERT_FALSE(closed);
  EXPECT_NE(closed.error().message.find(dir.file("no/log")), std::string::npos);
}

// --- the places of the replicas' sockets

TEST(LocalSockets, they_are_in_the_data_directory) {
  const DataDir dir;
  const auto sockets = LocalSockets::choose(dir.path(), 3);
  ASSERT_TRUE(sockets);
  EXPECT_EQ(sockets->path(2), std::filesystem::canonical(dir.path()).string() + "/replica-2.sock");
}

TEST(LocalSockets, where_that_path_is_too_long_they_are_in_a_directory_that_goes_with_them) {
  const DataDir dir;
  const std::string deep = dir.file(std::string(120, 'd'));
  std::filesystem::create_directory(deep);
  std::filesystem::path folder;
  {
    auto sockets = LocalSockets::choose(deep, 3);
    ASSERT_TRUE(sockets);
    const LocalSockets moved = std::move(*sockets);
    folder = std::filesystem::path(moved.path(0)).parent_path();
    EXPECT_LT(moved.path(3).size(), 100U);
    EXPECT_EQ(std::filesystem::status(folder).permissions() & std::filesystem::perms::others_all,
              std::filesystem::perms::none);
    EXPECT_TRUE(std::filesystem::exists(folder));
  }
  EXPECT_FALSE(std::filesystem::exists(folder));
}

TEST(LocalSockets, a_directory_that_is_not_there_is_an_error) {
  const DataDir dir;
  EXPECT_FALSE(LocalSockets::choose(dir.file("missing"), 3));
}

}  // namespace
}  // namespace titer::cluster
