// SPDX-License-Identifier: Apache-2.0

#include "host/death_watch.h"

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <string>
#include <utility>

#include "net/loop.h"
#include "wire/codec.h"

namespace titer::host {
namespace {

constexpr int kPatienceMs = 20'000;
constexpr const char* kIsWatch = "TITER_TEST_IS_WATCH";

// A watch is its program again, here this one: then there are no tests.
[[maybe_unused]] const bool kWatched = [] {
  if (std::getenv(kIsWatch) == nullptr) return false;
  DeathWatch::run({}, [] {});
  ::_exit(0);
}();

// A member that listens; it takes what is said, as bytes.
class Listener {
 public:
  Listener() : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof(address);
    EXPECT_EQ(::bind(socket_, reinterpret_cast<const sockaddr*>(&address), size), 0);
    EXPECT_EQ(::listen(socket_, 8), 0);
    ::getsockname(socket_, reinterpret_cast<sockaddr*>(&address), &size);
    port_ = ntohs(address.sin_port);
  }
  ~Listener() { ::close(socket_); }
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;

  [[nodiscard]] std::string address() const { return "127.0.0.1:" + std::to_string(port_); }
  [[nodiscard]] bool called(int within_ms) const {
    pollfd wait{socket_, POLLIN, 0};
    return ::poll(&wait, 1, within_ms) == 1;
  }
  [[nodiscard]] Bytes heard(std::size_t bytes) const {
    const int connection = ::accept(socket_, nullptr, nullptr);
    Bytes out(bytes);
    EXPECT_EQ(::recv(connection, out.data(), bytes, MSG_WAITALL), static_cast<ssize_t>(bytes));
    ::close(connection);
    return out;
  }

 private:
  int socket_;
  std::uint16_t port_ = 0;
};

Bytes notice() {
  wire::Hello hello;
  hello.role = wire::Role::kDeathNotice;
  hello.cluster = 7;
  hello.replica = ReplicaId(2);
  hello.incarnation = Incarnation(102);
  Bytes bytes;
  wire::encode(bytes, hello);
  return bytes;
}

// A process with a death watch that has been told what to do, and then `then`; it lives until it is killed. The watch holds
// the other end of `watch_ends` for as long as it lives.
struct Watched {
  explicit Watched(const std::function<void(DeathWatch&)>& then) {
    int ready[2], lives[2];
    EXPECT_EQ(::pipe(ready), 0);
    EXPECT_EQ(::pipe(lives), 0);
    pid = ::fork();
    if (pid == 0) {
      net::Loop loop;
      ::setenv(kIsWatch, "1", 1);
      DeathWatch watch(loop.context(), {});
      watch.start();
      then(watch);
      (void)!::write(ready[1], "r", 1);
      loop.run([] {});
    }
    ::close(ready[1]);
    ::close(lives[1]);
    watch_ends = lives[0];
    char byte = 0;
    EXPECT_EQ(::read(ready[0], &byte, 1), 1);
    ::close(ready[0]);
  }
  ~Watched() {
    end(SIGKILL);
    ::close(watch_ends);
  }
  Watched(const Watched&) = delete;
  Watched& operator=(const Watched&) = delete;

  void end(int signal) {
    if (pid <= 0) return;
    ::kill(pid, signal);
    ::waitpid(std::exchange(pid, -1), nullptr, 0);
  }
  // Nobody holds the pipe any more: the process and its watch have ended.
  [[nodiscard]] bool watch_has_ended() const {
    pollfd wait{watch_ends, POLLIN, 0};
    return ::poll(&wait, 1, kPatienceMs) == 1;
  }

  pid_t pid;
  int watch_ends;
};

TEST(DeathWatch, tells_the_members_of_the_newest_briefing_and_only_when_the_process_has_ended) {
  const Listener before, member;
  Watched replica([&](DeathWatch& watch) {
    watch.brief(notice(), {before.address()});
    watch.brief(notice(), {member.address()});
  });
  EXPECT_FALSE(member.called(200)) << "it lives";
  replica.end(SIGKILL);
  ASSERT_TRUE(member.called(kPatienceMs));
  EXPECT_EQ(member.heard(notice().size()), notice());
  EXPECT_TRUE(replica.watch_has_ended());
  EXPECT_FALSE(before.called(0));
}

TEST(DeathWatch, one_who_listens_hears_it_though_another_one_does_not) {
  std::string gone;
  {
    const Listener left;
    gone = left.address();
  }
  const Listener member;
  Watched replica([&](DeathWatch& watch) { watch.brief(notice(), {gone, member.address()}); });
  replica.end(SIGABRT);
  ASSERT_TRUE(member.called(kPatienceMs));
  EXPECT_EQ(member.heard(notice().size()), notice());
}

TEST(DeathWatch, a_process_that_is_no_member_ends_in_silence) {
  const Listener other;
  Watched replica([&](DeathWatch& watch) {
    watch.brief(notice(), {other.address()});
    watch.brief(notice(), {});
  });
  replica.end(SIGKILL);
  EXPECT_TRUE(replica.watch_has_ended());
  EXPECT_FALSE(other.called(0));
}

pid_t child_of(pid_t pid) {
  std::ifstream children("/proc/" + std::to_string(pid) + "/task/" + std::to_string(pid) + "/children");
  pid_t child = 0;
  children >> child;
  return child;
}

// It has begun, and so it has been told what to do.
bool watches(pid_t pid) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/comm");
  std::string name;
  file >> name;
  return name == "titer-watch";
}

TEST(DeathWatch, one_that_was_killed_is_reaped_and_started_again_and_knows_whom_to_tell) {
  const Listener member;
  Watched replica([&](DeathWatch& watch) { watch.brief(notice(), {member.address()}); });
  const pid_t first = child_of(replica.pid);
  ASSERT_GT(first, 0);
  ::kill(first, SIGKILL);
  pid_t second = first;
  for (int looks = 0; looks < kPatienceMs / 10 && (second == first || !watches(second)); ++looks) {
    ::poll(nullptr, 0, 10);
    second = child_of(replica.pid);
  }
  ASSERT_NE(second, first) << "a zombie is a child too";
  ASSERT_TRUE(watches(second));
  replica.end(SIGKILL);
  ASSERT_TRUE(member.called(kPatienceMs));
  EXPECT_EQ(member.heard(notice().size()), notice());
}

// A process that stands still is not dead.
TEST(DeathWatch, says_nothing_of_a_process_that_is_stopped) {
  const Listener member;
  Watched replica([&](DeathWatch& watch) { watch.brief(notice(), {member.address()}); });
  ::kill(replica.pid, SIGSTOP);
  EXPECT_FALSE(member.called(300));
}

}  // namespace
}  // namespace titer::host
