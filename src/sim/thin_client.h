// SPDX-License-Identifier: Apache-2.0

// ThinClient: the process of a client that leaves the broadcasting to a gateway — client::GatewaySession in a simulated world,
// and what it wants to ask.
//
// It asks in bursts. What it has waited for too long it gives up: outcome unknown. It may be killed with requests open. All rules
// of a client (failover, retries, sessions) are the session's own.
//
// What it is told is held against the ledger at once, and noted in the scene's history for linearizability.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "client/gateway_session.h"
#include "sim/scene.h"
#include "sim/sim_environment.h"
#include "sim/workload.h"

namespace titer::sim {

class ThinClient final : private SimProcessOwner, private Handler {
 public:
  // `read_share`: of what it asks.
  ThinClient(Scene& scene, std::uint64_t number, double read_share);

  // Asks these first, before anything of its own.
  void ask(Asked asked) {
    script_.push_back(std::move(asked));
    start();
  }
  void read(Asked asked) {
    reads_.push_back(std::move(asked));
    start();
  }
  [[nodiscard]] bool idle() const { return open_.empty() && !question_ && script_.empty() && reads_.empty(); }
  [[nodiscard]] bool alive() const { return env_.alive(); }
  [[nodiscard]] std::uint64_t number() const { return number_; }
  [[nodiscard]] double read_share() const { return read_share_; }
  void start();
  // --- faults
  void kill();
  void repeat_old();  // an old request once more, as a late duplicate would

 private:
  struct Open {
    std::optional<std::size_t> op;  // in the scene's history
    Time since = 0;
    Position floor;  // when it was asked
    Bytes body;
  };
  struct Question {
    std::size_t op = 0;
    Position floor;
    Time since = 0;
  };

  void on_turn() override;
  bool on_doom() override { return false; }
  void on_stop() override {}
  void on_resumed() override {}
  void on_ended() override { session_.reset(); }
  void on_event(std::uint32_t what, std::uint64_t argument) override;  // to think
  void begin(Asked asked);
  void begin_read(Asked asked);
  std::size_t note(check::Op op);
  void take_answer(const client::GatewaySession::Answer& answer);
  void take_reply();
  void give_up();
  void look_at_session();

  Scene& scene_;
  std::uint64_t number_;
  double read_share_;
  SimEnvironment env_;
  std::unique_ptr<client::GatewaySession> session_;    // null: it has ended
  SessionId known_;                                    // its name, when it was last looked at
  std::map<std::uint64_t, Open> open_;                 // by place
  std::vector<std::pair<RequestNumber, Bytes>> done_;  // in this session
  std::deque<Asked> script_, reads_;
  std::optional<Question> question_;
  std::uint64_t last_op_ = 0;
  Time burst_until_ = 0;
  bool thinking_ = false, owed_ = false, was_up_ = false;
};

}  // namespace titer::sim
