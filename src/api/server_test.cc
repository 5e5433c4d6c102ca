// SPDX-License-Identifier: Apache-2.0

// A server of several workers: what its clients may take is counted for all of them.
#include "api/server.h"

#include <gtest/gtest.h>

#include <memory>
#include <thread>
#include <vector>

#include "api/testing.h"

namespace titer::api {
namespace {

class ServerTest : public testing::Test {
 protected:
  ServerTest() {
    setup.cluster = kTestCluster;
    setup.replica = client::address_of_ours(kTestWirePort);
    setup.listen = client::address_of_ours(kTestHttpPort);
    setup.hosts = {"test"};
    setup.state = &state_;
    setup.workers = 4;
    replica_.on_query = [](const registry::Query&, wire::QueryAnswer& answer, Bytes& buffer) {
      registry::Site site;
      site.id = "elm";
      site.name = "Elm";
      answer_with(site, answer, buffer);
    };
    replica_thread_ = std::thread([this] { loop_.run([] {}); });
  }
  ~ServerTest() override {
    server_.reset();
    loop_.stop();
    replica_thread_.join();
  }
  void start() {
    server_ = std::make_unique<Server>(setup);
    server_->start();
  }
  // The kernel gives each to one of the workers.
  std::vector<std::unique_ptr<TestClient>> clients(std::size_t count) {
    std::vector<std::unique_ptr<TestClient>> all;
    for (std::size_t i = 0; i < count; ++i) all.push_back(std::make_unique<TestClient>(setup.listen));
    return all;
  }

  api::Setup setup;

 private:
  net::Loop loop_;
  client::FakeReplica replica_{loop_, client::address_of_ours(kTestWirePort)};
  TestState state_{loop_, replica_};
  std::thread replica_thread_;
  std::unique_ptr<Server> server_;
};

TEST_F(ServerTest, every_worker_answers) {
  start();
  for (const auto& client : clients(24)) EXPECT_EQ(client->ask("GET", "/api/v1/sites/elm").result_int(), 200U);
}

TEST_F(ServerTest, an_address_has_its_rate_whichever_workers_serve_it) {
  setup.rates.per_address = {5, true};  // ten in a burst
  start();
  std::size_t admitted = 0;
  const std::int64_t began = net::boot_now().value;
  for (const auto& client : clients(24))
    for (int i = 0; i < 4; ++i) admitted += client->ask("GET", "/api/v1/sites/elm").result_int() == 200 ? 1 : 0;
  const auto later = static_cast<std::size_t>((net::boot_now().value - began) / 200'000);
  EXPECT_GE(admitted, 10U);
  EXPECT_LE(admitted, 11U + later);
}

TEST_F(ServerTest, there_are_as_many_connections_as_the_server_may_have) {
  setup.connections = {24, 8};
  start();
  std::size_t served = 0, turned_away = 0;
  const auto all = clients(12);
  for (const auto& client : all) {
    const unsigned status = client->ask("GET", "/api/v1/sites/elm").result_int();
    served += status == 200 ? 1 : 0;
    turned_away += status == 429 ? 1 : 0;
  }
  EXPECT_EQ(served, 8U) << "of one address";
  EXPECT_EQ(turned_away, 4U);
}

}  // namespace
}  // namespace titer::api
