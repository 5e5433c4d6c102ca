// SPDX-License-Identifier: Apache-2.0

#include "net/notify.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

namespace titer::net {
namespace {

// The service manager's end, under a name in the abstract namespace: nothing is left behind.
class Manager {
 public:
  Manager() : name_("titer-notify-test-" + std::to_string(::getpid())) {
    socket_ = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    sockaddr_un at{};
    at.sun_family = AF_UNIX;
    std::memcpy(at.sun_path + 1, name_.data(), name_.size());
    const auto length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + name_.size());
    EXPECT_EQ(::bind(socket_, reinterpret_cast<const sockaddr*>(&at), length), 0);
  }
  ~Manager() { ::close(socket_); }
  [[nodiscard]] std::string address() const { return "@" + name_; }

  // Everything that has arrived: a datagram is there when sendto() has returned.
  std::vector<std::string> heard() {
    std::vector<std::string> out;
    char buffer[256];
    for (ssize_t n = 0; (n = ::recv(socket_, buffer, sizeof buffer, 0)) >= 0;)
      out.emplace_back(buffer, static_cast<std::size_t>(n));
    return out;
  }

 private:
  std::string name_;
  int socket_;
};

using Heard = std::vector<std::string>;

TEST(Notifier, says_ready_once_and_status_when_it_changes) {
  Manager manager;
  Notifier notifier(manager.address(), 0);
  notifier.status("learning");
  notifier.status("learning");
  notifier.ready();
  notifier.ready();
  notifier.status("a member of view 3");
  notifier.stopping();
  EXPECT_EQ(manager.heard(), (Heard{"STATUS=learning", "READY=1", "STATUS=a member of view 3", "STOPPING=1"}));
}

TEST(Notifier, feeds_the_watchdog_at_half_its_time_and_not_more_often) {
  Manager manager;
  Notifier notifier(manager.address(), 1000);
  for (const std::int64_t now : {5000, 5001, 5499, 5500, 5999, 6000}) notifier.alive(BootTime(now));
  EXPECT_EQ(manager.heard(), (Heard{"WATCHDOG=1", "WATCHDOG=1", "WATCHDOG=1"}));
  ASSERT_TRUE(notifier.next_alive().has_value());
  EXPECT_EQ(*notifier.next_alive(), BootTime(6500));
}

TEST(Notifier, does_nothing_where_nobody_asked_or_nobody_listens) {
  for (const std::string& address : {std::string(), std::string("@titer-nobody"), std::string(500, 'x')}) {
    Notifier notifier(address, 1000);
    notifier.ready();
    notifier.alive(BootTime(1));
    notifier.status("x");
    notifier.stopping();
  }
  EXPECT_FALSE(Notifier(std::string(), 1000).on());
  Notifier no_watchdog("@titer-nobody", 0);
  EXPECT_FALSE(no_watchdog.next_alive().has_value());
}

TEST(Notifier, takes_what_the_service_manager_put_into_the_environment) {
  Manager manager;
  ::setenv("NOTIFY_SOCKET", manager.address().c_str(), 1);
  ::setenv("WATCHDOG_USEC", "1000", 1);
  ::setenv("WATCHDOG_PID", "1", 1);  // meant for another process
  Notifier not_ours = Notifier::from_environment();
  EXPECT_FALSE(not_ours.next_alive().has_value());
  ::setenv("WATCHDOG_PID", std::to_string(::getpid()).c_str(), 1);
  Notifier ours = Notifier::from_environment();
  ours.alive(BootTime(1));
  ours.ready();
  EXPECT_EQ(manager.heard(), (Heard{"WATCHDOG=1", "READY=1"}));
  for (const char* name : {"NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID"}) ::unsetenv(name);
}

}  // namespace
}  // namespace titer::net
