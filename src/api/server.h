// SPDX-License-Identifier: Apache-2.0

// Server: the HTTP interface of one replica, on threads of its own.
//
// It reads the state of its replica, and is a client of its wire for everything else, so whatever happens here costs the
// protocol no more than any client does. Files, peers and the rest are fixed at the start (Setup).
// Thread rule: one thread makes, stops and destroys it.
#pragma once

#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "api/worker.h"

namespace titer::api {

class Server {
 public:
  explicit Server(Setup setup);
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  void start();
  // Stops accepting connections, finishes the answers in progress and ends the streams. Then, at the latest after
  // kDrainUs, `done` is called on another thread.
  void stop(std::function<void()> done);

 private:
  [[nodiscard]] std::string http_json() const;

  const Setup setup_;
  std::vector<std::unique_ptr<Worker>> workers_;
  std::vector<std::thread> threads_;
  std::thread waiter_;
};

}  // namespace titer::api
