// SPDX-License-Identifier: Apache-2.0

#include "api/server.h"

#include <fmt/format.h>
#include <signal.h>

#include <algorithm>
#include <utility>

namespace titer::api {

Server::Server(Setup setup) : setup_(std::move(setup)) {
  const unsigned workers = std::max(1U, setup_.workers);
  for (unsigned i = 0; i < workers; ++i)
    workers_.push_back(std::make_unique<Worker>(setup_, i, [this] { return http_json(); }));
}

Server::~Server() {
  if (!waiter_.joinable()) stop([] {});
  waiter_.join();
}

// Signals are for the replica's thread.
void Server::start() {
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_BLOCK, &all, &before);
  for (const auto& worker : workers_) threads_.emplace_back([&worker] { worker->run(); });
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

void Server::stop(std::function<void()> done) {
  if (waiter_.joinable()) return;
  for (const auto& worker : workers_) worker->stop();
  waiter_ = std::thread([this, done = std::move(done)] {
    for (std::thread& thread : threads_) thread.join();
    done();
  });
}

std::string Server::http_json() const {
  std::uint64_t requests = 0, accepted = 0, turned_away = 0, connections = 0, listeners = 0, gave_way = 0;
  for (const auto& worker : workers_) {
    const http::Traffic& traffic = worker->traffic();
    requests += traffic.requests();
    accepted += traffic.accepted.load(std::memory_order_relaxed);
    turned_away += traffic.turned_away.load(std::memory_order_relaxed);
    gave_way += traffic.gave_way.load(std::memory_order_relaxed);
    connections += traffic.connections.load(std::memory_order_relaxed);
    listeners += traffic.listeners.load(std::memory_order_relaxed);
  }
  return fmt::format(
      R"({{"address":"{}","workers":{},"connections":{},"accepted":{},"turned_away":{},"gave_way":{},"connections_max":{},"connections_per_address_max":{},"requests":{},"listeners":{}}})",
      setup_.listen.text(), workers_.size(), connections, accepted, turned_away, gave_way,
      setup_.connections.in_all, setup_.connections.per_address, requests, listeners);
}

}  // namespace titer::api
