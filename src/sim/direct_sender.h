// SPDX-License-Identifier: Apache-2.0

// DirectSender: a direct client's process — client::DirectSession in a simulated world (docs/explanation/protocol.md §3), and
// what it wants to ask.
//
// It may die in the middle of a broadcast: some leaves of the bush get the frame, some do not. It may lie.
// Its answers come from the lowest replica of the view; they are held against the ledger, and noted in the history.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>

#include "client/direct_session.h"
#include "sim/scene.h"
#include "sim/sim_environment.h"

namespace titer::sim {

class DirectSender final : private SimProcessOwner, private Handler {
 public:
  DirectSender(Scene& scene, std::uint64_t number);

  void start();
  [[nodiscard]] bool idle() const { return open_.empty(); }
  [[nodiscard]] bool alive() const { return env_.alive(); }
  [[nodiscard]] std::uint64_t number() const { return number_; }
  [[nodiscard]] std::string text() const;
  // --- faults
  void kill();
  void kill_in_broadcast() { doomed_ = true; }
  void jump_wall(std::int64_t by_ms) { env_.jump_wall(by_ms); }
  void right_wall() { env_.right_wall(); }

 private:
  void on_turn() override;
  bool on_doom() override { return false; }
  void on_stop() override {}
  void on_resumed() override {}
  void on_ended() override { session_.reset(); }
  void on_event(std::uint32_t what, std::uint64_t argument) override;  // to think
  [[nodiscard]] smr::FromClient says(const smr::FromClient& message);
  void note_frame(const smr::Frame& frame);
  void take_answer(const client::DirectSession::Answer& answer);

  Scene& scene_;
  std::uint64_t number_;
  SimEnvironment env_;
  std::unique_ptr<client::DirectSession> session_;            // null: it has ended
  SessionId known_;                                           // its name, when it was last looked at
  std::map<std::uint64_t, std::optional<std::size_t>> open_;  // by place: where in the history
  std::uint64_t last_op_ = 0;
  bool doomed_ = false, thinking_ = false;
  Time burst_until_ = 0;
  ViewNumber greeted_view_;  // of the last hello in an earlier turn …
  ViewNumber greets_view_;   // … and of the last one
  smr::Uid said_;            // the frame that is being sent, and to how many so far
  std::uint64_t leaves_ = 0;
};

}  // namespace titer::sim
