// SPDX-License-Identifier: Apache-2.0

// Acceptor: the wire listeners (TCP, and a Unix socket for this machine), and the first moments of every connection.
//
// A new connection must send Hello within kHandshakeUs, in the wire format and in at most kHelloMessageBytesMax; then it is
// handed to Peers or Clients. A connection that sends nothing, or anything else, gets the reason (Goodbye) and is closed.
//
// Here nobody knows who a newcomer is, so none is refused: it may be a replica. When there are too many of them, the oldest
// one of the address that has the most gives way, so that only a flood from very many addresses keeps others out.
// Thread rule: the loop's thread.
#pragma once

#include <boost/unordered/unordered_flat_map.hpp>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/ids.h"
#include "net/connection.h"
#include "net/environment.h"
#include "node/outside_log.h"
#include "wire/codec.h"

namespace titer::node {

class Acceptor final : private net::ConnectionOwner {
 public:
  using Admit = std::function<void(net::Connection&, const wire::Hello&)>;

  [[nodiscard]] static Result<std::unique_ptr<Acceptor>> open(net::Environment& env,
                                                              const std::vector<net::Address>& addresses,
                                                              std::size_t newcomers_max, Admit admit);
  ~Acceptor();
  Acceptor(const Acceptor&) = delete;
  Acceptor& operator=(const Acceptor&) = delete;

  // Once a turn: cuts off who has been silent for too long.
  void on_turn(BootTime now);
  void close();
  [[nodiscard]] std::size_t newcomers() const { return waiting_.size(); }

 private:
  Acceptor(net::Environment& env, std::size_t newcomers_max, Admit admit)
      : env_(env), newcomers_max_(newcomers_max), admit_(std::move(admit)) {}
  void accept(net::ByteStreamPtr stream);
  void give_way();
  void on_message(net::Connection& connection, const wire::Message& message) override;
  void on_closed(net::Connection& connection, const std::string& reason) override;

  struct Waiting {
    net::ConnectionPtr connection;
    BootTime until;
    std::uint64_t address = 0;
    bool secure = false;  // TLS: whose failures are told
  };

  net::Environment& env_;
  std::size_t newcomers_max_;
  Admit admit_;
  std::vector<std::unique_ptr<net::Listening>> listeners_;
  boost::unordered_flat_map<std::uint64_t, Waiting> waiting_;  // by the connection's tag
  std::uint64_t next_ = 1;
  OutsideLog log_{env_, "newcomers that were not let in"};
};

}  // namespace titer::node
