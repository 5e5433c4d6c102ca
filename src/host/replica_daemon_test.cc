// SPDX-License-Identifier: Apache-2.0

// A replica on a machine of its own, from its start to its end, with a register that the test holds: with which exit code it
// ends (docs/reference/serve.md), and what the register then has.
#include "host/replica_daemon.h"

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <functional>
#include <memory>
#include <string>
#include <thread>

#include "host/exit_code.h"
#include "view/testing/fake_etcd.h"

namespace titer::host {
namespace {

std::uint16_t free_port() {
  const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof(address);
  EXPECT_EQ(::bind(socket, reinterpret_cast<const sockaddr*>(&address), size), 0);
  ::getsockname(socket, reinterpret_cast<sockaddr*>(&address), &size);
  ::close(socket);
  return ntohs(address.sin_port);
}

// An etcd on a thread of its own. `look` is called there, with what it has, whenever something has happened.
class EtcdThread {
 public:
  EtcdThread(std::optional<std::string> text, std::function<void(const std::string&)> look)
      : etcd_(loop_), look_(std::move(look)) {
    if (text) etcd_.put(std::move(*text));
    thread_ = std::thread([this] {
      loop_.run([this] {
        if (etcd_.text && look_) look_(*etcd_.text);
      });
    });
  }
  ~EtcdThread() { end(); }
  EtcdThread(const EtcdThread&) = delete;
  EtcdThread& operator=(const EtcdThread&) = delete;

  [[nodiscard]] view::HttpEndpoint endpoint() const { return etcd_.endpoint(); }
  void end() {
    if (!thread_.joinable()) return;
    loop_.post([this] { loop_.stop(); });
    thread_.join();
  }
  // What it has at the end.
  [[nodiscard]] view::ClusterRecord record() {
    end();
    auto record = view::cluster_record_from(etcd_.text.value_or(""));
    EXPECT_TRUE(record.ok()) << etcd_.text.value_or("nothing");
    return record ? std::move(record).value() : view::ClusterRecord();
  }

 private:
  net::Loop loop_;
  view::FakeEtcd etcd_;
  std::function<void(const std::string&)> look_;
  std::thread thread_;
};

class ReplicaDaemonTest : public testing::Test {
 protected:
  // So that the death watch, which is this program again, is one (death_watch_test.cc).
  ReplicaDaemonTest() { ::setenv("TITER_TEST_IS_WATCH", "1", 1); }
  ~ReplicaDaemonTest() override { ::unsetenv("TITER_TEST_IS_WATCH"); }

  [[nodiscard]] Config config() const {
    Config config;
    config.cluster = "north";
    config.index = ReplicaId(1);
    config.wire = {"127.0.0.1", port_};
    config.durable = false;
    config.insecure = true;
    return config;
  }
  // A cluster that has not begun, with a machine for each of these indexes; this replica is where it listens.
  [[nodiscard]] std::string roster_of_machines(std::initializer_list<std::uint16_t> ids) const {
    view::ClusterRecord record;
    record.cluster = 77;
    for (const std::uint16_t id : ids) {
      const std::string wire =
          id == 1 ? "127.0.0.1:" + std::to_string(port_) : "127.0.0.1:" + std::to_string(id + 1);
      record.roster.push_back({ReplicaId(id), wire, ""});
    }
    return view::to_json(record);
  }
  [[nodiscard]] static std::unique_ptr<ReplicaDaemon> daemon(Config config) {
    return std::make_unique<ReplicaDaemon>(std::move(config), LocalMetadataStore::open("").value(),
                                           std::vector<std::string>{}, http::Files(), nullptr,
                                           divide_descriptors(1'024).value());
  }
  // To its end, told to stop when the register has a view.
  [[nodiscard]] int run_until_it_serves(EtcdThread& etcd) {
    Config with = config();
    with.etcd.endpoints = {etcd.endpoint()};
    return daemon(std::move(with))->run();
  }
  [[nodiscard]] static std::function<void(const std::string&)> stop_it_once_there_is_a_view() {
    return [told = false](const std::string& text) mutable {
      const auto record = view::cluster_record_from(text);
      if (told || !record.ok() || record->view.members.empty()) return;
      told = true;
      ::kill(::getpid(), SIGTERM);
    };
  }

 private:
  std::uint16_t port_ = free_port();
};

TEST_F(ReplicaDaemonTest, the_first_one_bootstraps_the_cluster_and_the_last_one_stays_in_the_record) {
  EtcdThread etcd(roster_of_machines({0, 1}), stop_it_once_there_is_a_view());
  EXPECT_EQ(run_until_it_serves(etcd), kExitOk);
  const view::ClusterRecord record = etcd.record();
  ASSERT_EQ(record.view.members.size(), 1U);
  EXPECT_EQ(record.view.members[0].id, ReplicaId(1));
  EXPECT_EQ(record.view.number, ViewNumber(1)) << "0 is of a backup only";
}

TEST_F(ReplicaDaemonTest, told_to_stop_before_it_has_heard_of_the_register_it_ends_at_once) {
  Config without = config();
  without.etcd.endpoints = {view::parse_http_endpoint("http://127.0.0.1:1").value()};
  const auto waiting = daemon(std::move(without));
  ::raise(SIGTERM);
  EXPECT_EQ(waiting->run(), kExitOk);
}

TEST_F(ReplicaDaemonTest, without_a_place_in_the_roster_it_does_not_start) {
  EtcdThread etcd(roster_of_machines({0, 2}), nullptr);
  EXPECT_EQ(run_until_it_serves(etcd), kExitUsage);
  EXPECT_TRUE(etcd.record().view.members.empty()) << "and has changed nothing";
}

TEST_F(ReplicaDaemonTest, a_record_that_is_none_is_refused_and_left_as_it_is) {
  EtcdThread etcd("not a record", nullptr);
  EXPECT_EQ(run_until_it_serves(etcd), kExitUsage);
}

TEST_F(ReplicaDaemonTest, a_secret_that_cannot_be_read_is_found_before_anything_is_asked) {
  Config with = config();
  with.secret_file = "/nonexistent/secret";
  EXPECT_EQ(daemon(std::move(with))->run(), kExitUsage);
}

TEST_F(ReplicaDaemonTest, certificates_that_cannot_be_read_are_found_before_anything_is_asked) {
  Config with = config();
  with.tls = {"/nonexistent/ca.pem", "/nonexistent/one.pem", "/nonexistent/one-key.pem"};
  EXPECT_EQ(daemon(std::move(with))->run(), kExitUsage);
}

// A second process of this replica, on a copy of its directory, changes nothing in the register.
TEST_F(ReplicaDaemonTest, an_address_that_is_taken_ends_it_before_it_asks_the_register) {
  EtcdThread etcd(roster_of_machines({1}), nullptr);
  const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const Config with = config();
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(with.wire.port);
  ASSERT_EQ(::bind(socket, reinterpret_cast<const sockaddr*>(&address), sizeof(address)), 0);
  ASSERT_EQ(::listen(socket, 1), 0);
  EXPECT_EQ(run_until_it_serves(etcd), kExitUsage);
  ::close(socket);
  EXPECT_TRUE(etcd.record().view.members.empty());
}

}  // namespace
}  // namespace titer::host
