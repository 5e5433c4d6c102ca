// SPDX-License-Identifier: Apache-2.0

// Network: connections between simulated processes, with everything that may go wrong with them.
//
// As TCP gives it to us: within a connection bytes keep their order and none is lost while both ends and the connection
// live; when it ends, each direction ends at its own place, and what was on its way behind that is lost. Between
// connections there is no order. A direction that is blocked (a partition may be one-way) delays what is sent until it
// is unblocked; a process that wants to give up does so by its own timers, as in production.
//
// A chunk is what one write sent: whole messages. Where a connection ends, the receiver gets the whole messages before
// the place; the torn one behind them would be thrown away with the connection anyway.
//
// Hosts, not processes, are near or far and cut off from one another. Ports lead to whoever listens now.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <vector>

#include "base/bytes.h"
#include "sim/stage.h"

namespace titer::sim {

using Host = std::uint32_t;
using Port = std::uint32_t;
using ConnectionId = std::uint32_t;  // 0: none
inline constexpr Host kHostsMax = 64;

class Endpoint {
 public:
  virtual void on_dialled(Port port, ConnectionId connection) = 0;  // 0: nobody listens, or no answer
  virtual void on_accepted(ConnectionId connection) = 0;
  virtual void on_received(ConnectionId connection, Bytes bytes) = 0;  // whole messages
  virtual void on_closed(ConnectionId connection) = 0;  // nothing more comes; not after one's own close()

 protected:
  ~Endpoint() = default;
};

class Network final : public Handler {
 public:
  explicit Network(Stage& stage);

  [[nodiscard]] Node attach(Endpoint& endpoint, Host host);
  void listen(Port port, Node node) { listeners_[port] = node; }
  // The process is gone; the others hear of it at different times. `whole`: all that it had sent still arrives.
  void detach(Node node, bool whole);
  void dial(Node from, Port port);
  void send(ConnectionId connection, Node from, Bytes bytes);
  void close(ConnectionId connection, Node by);
  // Of what this end has sent, bytes that are still on their way; 0 behind the end of the connection.
  [[nodiscard]] std::size_t under_way(ConnectionId connection, Node from) const;
  // --- faults
  void cut(ConnectionId connection);
  [[nodiscard]] const std::vector<ConnectionId>& open() const { return open_; }
  [[nodiscard]] Node end(ConnectionId connection, int side) const { return connections_[connection].node[side]; }
  [[nodiscard]] Host host(Node node) const { return nodes_[node].host; }
  void block(Host from, Host to) { blocked_[from] |= std::uint64_t{1} << to; }
  void unblock(Host from, Host to);
  void slow(Host a, Host b, Time by_us) { slow_[a][b] = slow_[b][a] = by_us; }
  void heal();

  [[nodiscard]] std::uint64_t messages() const { return messages_; }

 private:
  enum What : std::uint32_t { kDeliver, kDial, kDialFailed };
  struct Chunk {
    Time at;
    std::uint64_t first_message;  // counted only when somebody observes
    Bytes bytes;                  // empty: the end
  };
  struct Way {
    std::deque<Chunk> queue;
    std::size_t bytes = 0;  // in the queue
    Time last = 0;
    bool ended = false;    // the end is queued, or the receiver wants no more
    bool receives = true;  // the receiver has not closed
  };
  struct SimConnection {
    std::array<Node, 2> node{};
    std::array<Way, 2> way;  // way[s]: to node[s]
    bool open = true;
  };
  struct Known {
    Endpoint* endpoint;
    Host host;
    bool alive = true;
  };

  void on_event(std::uint32_t what, std::uint64_t argument) override;
  void deliver(ConnectionId id, unsigned side);
  void dial_now(Node from, Port port);
  void end_way(SimConnection& c, ConnectionId id, unsigned side);
  void lose_tail(SimConnection& c, unsigned side);
  void forget(ConnectionId id);
  void tell_messages(Event::Kind kind, const SimConnection& c, unsigned side, const Chunk& chunk);
  [[nodiscard]] bool blocked(Node from, Node to) const {
    return (blocked_[nodes_[from].host] >> nodes_[to].host & 1U) != 0;
  }
  [[nodiscard]] Time delay(Node from, Node to);

  Stage& stage_;
  std::vector<Known> nodes_;
  std::array<Node, kHostsMax> listeners_{};
  std::deque<SimConnection> connections_;
  std::vector<ConnectionId> open_;  // ascending
  std::array<std::uint64_t, kHostsMax> blocked_{};
  std::array<std::array<Time, kHostsMax>, kHostsMax> slow_{};
  std::uint64_t messages_ = 0, told_ = 0;
};

}  // namespace titer::sim
