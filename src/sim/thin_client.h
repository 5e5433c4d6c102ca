// SPDX-License-Identifier: Apache-2.0

// ThinClient: a client that leaves the broadcasting to a gateway — the session and window of client/window.h, driven as
// client/gateway_client.cc drives them, plus what it wants to ask.
//
// It asks in bursts. It goes to the next replica when its own is silent for a second or refuses for 100 ms, and repeats
// what is open: same session, same numbers. What it has waited for too long it gives up: outcome unknown, and a new
// session, because numbers of a session must have no gap. It may be killed with requests open.
//
// What it is told is held against the ledger at once, and noted in the scene's history for linearizability.
#pragma once

#include <deque>
#include <map>
#include <optional>

#include "client/window.h"
#include "sim/network.h"
#include "sim/scene.h"
#include "sim/workload.h"

namespace titer::sim {

class ThinClient final : public Endpoint, public Handler {
 public:
  // `read_share`: of what it asks.
  ThinClient(Scene& scene, std::uint64_t number, double read_share);

  // Asks these first, before anything of its own.
  void ask(Asked asked) {
    script_.push_back(std::move(asked));
    prod();
  }
  void read(Asked asked) {
    reads_.push_back(std::move(asked));
    prod();
  }
  [[nodiscard]] bool idle() const { return window_.empty() && !question_ && script_.empty() && reads_.empty(); }
  [[nodiscard]] bool alive() const { return alive_; }
  [[nodiscard]] Node node() const { return node_; }
  [[nodiscard]] std::uint64_t number() const { return number_; }
  [[nodiscard]] double read_share() const { return read_share_; }
  void start() { prod(); }
  // --- faults
  void kill();
  void repeat_old();  // an old request once more, as a late duplicate would

 private:
  enum What : std::uint32_t { kLook, kThink };
  struct Open {
    std::optional<std::size_t> op;  // in the scene's history
    Time since = 0;
  };
  struct Question {
    std::uint64_t token = 0;
    Bytes body;
    std::size_t op = 0;
    Position floor;
    Time since = 0, send_at = 0;
    bool due = true;
  };

  void on_event(std::uint32_t what, std::uint64_t argument) override;
  void on_dialled(Port port, ConnectionId connection) override;
  void on_accepted(ConnectionId) override {}
  void on_received(ConnectionId connection, Bytes bytes) override;
  void on_closed(ConnectionId connection) override;
  void prod();
  void look(Time at);
  void think();
  void turn();
  void begin(Asked asked);
  void begin_read(Asked asked);
  std::size_t note(check::Op op);
  void take_answer(ByteView payload);
  void take_reply(ByteView payload);
  [[nodiscard]] bool refused(Code code);
  void next_replica();
  void give_up();
  void on_session_gone();

  Scene& scene_;
  std::uint64_t number_;
  Node node_;
  double read_share_;
  bool alive_ = true;
  client::Window window_;
  SessionId session_;
  Position born_;                       // the session's birth; 0: no replica has said it yet
  std::uint64_t before_session_ = 0;    // places in the window that were given before it
  std::map<std::uint64_t, Open> open_;  // by place
  std::vector<Bytes> bodies_;           // by place, the first one is 1
  std::deque<Asked> script_, reads_;
  std::optional<Question> question_;
  std::uint64_t last_token_ = 0, last_op_ = 0;
  Port port_ = 0;
  ConnectionId connection_ = 0;
  bool dialling_ = false, greeted_ = false;
  Time heard_ = 0, refused_since_ = kNever, dial_at_ = 0, look_at_ = kNever;
  Time burst_until_ = 0;
  bool thinking_ = false;
  registry::Outcome outcome_;
};

}  // namespace titer::sim
