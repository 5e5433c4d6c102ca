// SPDX-License-Identifier: Apache-2.0

// JoinReadiness: when a learner has so little left to receive that it may become a member.
//
// In the flush that takes a learner in, writes wait until it has the final state: everything that changed since its last pass
// began (docs/explanation/protocol.md §6). So a learner that joins too early stops the writes of all for as long as it had
// to wait itself. How long that will take is forecast from its last pass: what the pass carried is what changed between the
// beginnings of two passes, and the time that it took is the speed of the link, of the donor and of the learner together.
//
// A short pause is worth waiting for, but not forever: under a constant load the passes stop shrinking at some size. So the
// permitted pause grows with the time waited, from kPauseMinUs to kPauseMaxUs. Beyond that the learner does not join: it is
// *delayed*, and says so, until changes come more slowly than the link takes them. Writes never stop for it.
//
// Why not "the last pass was small": a pass can be small because it followed another immediately, and the next view is not
// agreed on as fast as that. Why bytes are bounded too: a learner that did not run for a while receives in a moment what
// took long to send.
//
// Pure: times are given. One thread.
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/ids.h"

namespace titer::machine {

class JoinReadiness {
 public:
  static constexpr std::int64_t kPauseMinUs = 100'000;
  static constexpr std::int64_t kPauseMaxUs = 1'000'000;  // well below the patience of members and clients
  static constexpr std::int64_t kBytesMin = std::int64_t{4} << 20;
  static constexpr std::int64_t kBytesMax = std::int64_t{32} << 20;
  static constexpr std::int64_t kPatienceUs =
      20'000'000;  // from the end of the first pass until the maxima are permitted
  static constexpr std::int64_t kNextViewUs = 100'000;  // from "ready" until members stop executing
  // Passes that follow one another faster than this carry too little to forecast from.
  static constexpr std::int64_t kIntervalMinUs = 20'000;

  struct Pass {
    std::int64_t bytes = 0;
    std::int64_t lasted_us = 0;    // from its first part to its end
    std::int64_t interval_us = 0;  // from the beginning of the pass before; 0: it is the first
  };
  struct FinalState {
    std::int64_t bytes = 0;
    std::int64_t pause_us = 0;  // of writes
  };
  // Of a pass that is not the first.
  [[nodiscard]] static FinalState forecast(const Pass& pass);
  [[nodiscard]] static bool permitted(const FinalState& final_state, std::int64_t waited_us);

  // A part of a pass came.
  void received(BootTime now, std::size_t bytes);
  // Its last part was taken in. True: the learner may join.
  bool pass_ended(BootTime now);

  [[nodiscard]] unsigned passes() const { return passes_; }
  [[nodiscard]] const Pass& last_pass() const { return last_; }
  [[nodiscard]] const FinalState& final_state() const { return forecast_; }
  // Even the longest pause that is permitted would not be enough: changes come faster than they can be sent.
  [[nodiscard]] bool delayed() const { return delayed_; }

 private:
  unsigned passes_ = 0;  // that have ended
  bool in_pass_ = false;
  std::int64_t bytes_ = 0;  // of the pass that is under way
  BootTime began_, began_before_, first_ended_;
  Pass last_;
  FinalState forecast_;
  bool delayed_ = false;
};

}  // namespace titer::machine
