// SPDX-License-Identifier: Apache-2.0

// SimStream: one end of a simulated connection, as net::Connection uses it.
//
// Bytes that have arrived wait here until they are read: a reader gets as many as fit its room, so messages come in pieces.
// Of what is sent a piece is taken whole, or nothing of it, as long as too much is on its way (Plan::socket_bytes).
// Errors: over() when the other side has closed, or the connection was cut, and all that had arrived is read.
#pragma once

#include <deque>
#include <memory>
#include <string>
#include <utility>

#include "net/transport.h"
#include "sim/scene.h"

namespace titer::sim {

class SimEnvironment;

class SimStream final : public net::ByteStream {
 public:
  SimStream(SimEnvironment& env, ConnectionId connection, Host peer)
      : env_(env), connection_(connection), peer_(peer) {}
  ~SimStream() override;

  void read_some(std::span<std::byte> room, std::shared_ptr<net::StreamEvents> events) override;
  [[nodiscard]] std::size_t send(ByteView bytes) override;
  void wait_writable(std::shared_ptr<net::StreamEvents> events) override;
  void close() override;
  [[nodiscard]] bool over() const override { return over_; }
  [[nodiscard]] std::string why() const override { return "the connection has ended"; }
  // Clients ask as the machine's operator, who needs no key.
  [[nodiscard]] bool local() const override { return peer_ >= kFirstClientHost; }
  [[nodiscard]] bool from_this_machine() const override { return local(); }
  [[nodiscard]] std::uint64_t peer_number() const override { return local() ? 0 : peer_ + 1U; }

  // --- from the environment
  void arrived(Bytes bytes);
  void ended();
  void go_on();  // a turn has come for what waits
  void writable();
  // Those who wait for it, and of whom one owns it: when they go, it may go.
  using Held = std::pair<std::shared_ptr<net::StreamEvents>, std::shared_ptr<net::StreamEvents>>;
  [[nodiscard]] Held let_go();

 private:
  SimEnvironment& env_;
  ConnectionId connection_;
  Host peer_;
  std::deque<Bytes> arrived_;
  std::size_t taken_ = 0;  // of the first
  bool ended_ = false, over_ = false, closed_ = false;
  std::span<std::byte> room_;
  std::shared_ptr<net::StreamEvents> reader_, writer_;
};

}  // namespace titer::sim
