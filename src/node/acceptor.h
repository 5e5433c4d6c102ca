// SPDX-License-Identifier: Apache-2.0

// Acceptor: the wire listeners (TCP, and a Unix socket for this machine), and the first moments of every connection.
//
// A new connection must send Hello within kHandshakeUs and in the wire format; then it is handed to Peers or
// Clients. A connection that sends nothing, or anything else, gets the reason (Goodbye) and is closed. Thread rule:
// the loop's thread.
#pragma once

#include <boost/unordered/unordered_flat_map.hpp>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/ids.h"
#include "net/connection.h"
#include "net/loop.h"
#include "node/refusals.h"
#include "wire/codec.h"

namespace titer::node {

class Acceptor final : private net::ConnectionOwner {
 public:
  using Admit = std::function<void(net::Connection&, const wire::Hello&)>;

  [[nodiscard]] static Result<std::unique_ptr<Acceptor>> open(net::Loop& loop,
                                                              const std::vector<net::Address>& addresses,
                                                              Admit admit);
  ~Acceptor();
  Acceptor(const Acceptor&) = delete;
  Acceptor& operator=(const Acceptor&) = delete;

  // Once a turn: cuts off who has been silent for too long.
  void on_turn(BootTime now);
  void close();

 private:
  Acceptor(net::Loop& loop, Admit admit) : loop_(loop), admit_(std::move(admit)) {}
  void accept(net::Stream stream);
  void on_message(net::Connection& connection, const wire::Message& message) override;
  void on_closed(net::Connection& connection, const std::string& reason) override;

  struct Waiting {
    net::ConnectionPtr connection;
    BootTime until;
    bool secure = false;  // TLS: whose failures are told
  };

  net::Loop& loop_;
  Admit admit_;
  std::vector<std::unique_ptr<net::Listener>> listeners_;
  boost::unordered_flat_map<const net::Connection*, Waiting> waiting_;
  Refusals refusals_;
};

}  // namespace titer::node
