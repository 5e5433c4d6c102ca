// SPDX-License-Identifier: Apache-2.0

// What a replica's process shows to its service manager, and the certificates that it shows to others.
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cstring>
#include <string>
#include <vector>

#include "host/replica_tls.h"
#include "host/service_notifier.h"
#include "net/testing/test_authority.h"

namespace titer::host {
namespace {

// A service manager: what it hears.
class Manager {
 public:
  Manager() : name_("titer-service-test-" + std::to_string(::getpid())) {
    socket_ = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path + 1, name_.data(), name_.size());  // in the abstract namespace
    const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + name_.size());
    EXPECT_EQ(::bind(socket_, reinterpret_cast<const sockaddr*>(&address), size), 0);
  }
  ~Manager() { ::close(socket_); }
  Manager(const Manager&) = delete;
  Manager& operator=(const Manager&) = delete;

  [[nodiscard]] std::string address() const { return "@" + name_; }
  // Whether this was among what has come so far.
  [[nodiscard]] bool heard(const std::string& line) {
    std::array<char, 4096> buffer{};
    for (;;) {
      const ssize_t n = ::recv(socket_, buffer.data(), buffer.size(), 0);
      if (n <= 0) break;
      heard_ += std::string(buffer.data(), static_cast<std::size_t>(n)) + "\n";
    }
    return heard_.find(line) != std::string::npos;
  }

 private:
  std::string name_, heard_;
  int socket_ = -1;
};

class ServiceNotifierTest : public testing::Test {
 protected:
  [[nodiscard]] bool until(const std::function<bool()>& done) {
    return loop_.run_until(BootTime(net::boot_now().value + 10'000'000), done);
  }
  Manager manager_;
  net::Loop loop_;
  ServiceNotifier::State state_{false, "begins"};
  ServiceNotifier notifier_{loop_, net::Notifier(manager_.address(), 0), [this] { return state_; }};
};

TEST_F(ServiceNotifierTest, it_says_its_state_and_that_it_serves_only_when_it_does) {
  notifier_.begin();
  ASSERT_TRUE(until([&] { return manager_.heard("STATUS=begins"); }));
  EXPECT_FALSE(manager_.heard("READY=1"));
  state_ = {true, "has the whole state"};
  ASSERT_TRUE(until([&] { return manager_.heard("STATUS=has the whole state"); }));
  EXPECT_TRUE(manager_.heard("READY=1"));
}

TEST_F(ServiceNotifierTest, it_says_that_it_stops) {
  notifier_.begin();
  notifier_.stopping();
  EXPECT_TRUE(until([&] { return manager_.heard("STOPPING=1"); }));
}

TEST(ServiceNotifier, without_a_manager_it_looks_at_nothing) {
  net::Loop loop;
  unsigned looks = 0;
  ServiceNotifier notifier(loop, net::Notifier("", 0), [&] {
    ++looks;
    return ServiceNotifier::State{};
  });
  notifier.begin();
  unsigned turns = 0;
  loop.wake_at(net::boot_now());
  (void)loop.run_until(BootTime(net::boot_now().value + 10'000'000), [&] { return ++turns > 1; });
  EXPECT_EQ(looks, 0U);
}

// --- TLS

net::TlsOptions files_of(const net::TestAuthority& authority, const std::string& name) {
  net::TlsOptions files;
  files.ca = authority.file("ca.pem");
  files.certificate = authority.file(name + ".pem");
  files.key = authority.file(name + "-key.pem");
  return files;
}

TEST(ReplicaTls, without_a_certificate_everything_is_plain) {
  net::Loop loop;
  const auto tls = ReplicaTls::open(loop.context(), {});
  ASSERT_TRUE(tls.ok());
  EXPECT_EQ(tls->wire, nullptr);
  EXPECT_EQ(tls->http, nullptr);
  EXPECT_EQ(tls->renewal, nullptr);
}

TEST(ReplicaTls, the_wire_and_http_have_the_same_files_and_are_renewed) {
  net::Loop loop;
  const net::TestAuthority authority;
  const auto tls = ReplicaTls::open(loop.context(), files_of(authority, "one"));
  ASSERT_TRUE(tls.ok()) << tls.error().message;
  EXPECT_NE(tls->wire, nullptr);
  EXPECT_NE(tls->http, nullptr);
  EXPECT_NE(tls->wire, tls->http) << "only the wire asks for a certificate";
  EXPECT_NE(tls->renewal, nullptr);
}

TEST(ReplicaTls, an_expired_certificate_and_missing_files_are_errors) {
  net::Loop loop;
  const net::TestAuthority authority;
  authority.certify("old", authority.authority(), {"127.0.0.1"}, net::kPast);
  EXPECT_FALSE(ReplicaTls::open(loop.context(), files_of(authority, "old")).ok());
  EXPECT_FALSE(ReplicaTls::open(loop.context(), files_of(authority, "missing")).ok());
}

}  // namespace
}  // namespace titer::host
