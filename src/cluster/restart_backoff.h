// SPDX-License-Identifier: Apache-2.0

// RestartBackoff: when a replica that ended without a command is started again.
//
// The wait doubles with each end inside the window: 0.5 s, 1 s, 2 s, 4 s. At the fifth end in ten minutes the replica stays
// dead until the operator starts it: something is wrong that a restart does not fix, and every join costs the others
// a view change. An end that is older than the window no longer counts.
// Pure. Thread rule: its owner's.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>

#include "base/check.h"
#include "base/ids.h"

namespace titer::cluster {

class RestartBackoff {
 public:
  static constexpr std::int64_t kFirstWaitUs = 500'000;
  static constexpr std::int64_t kWindowUs = 600'000'000;
  static constexpr std::size_t kEndsMax = 5;

  // The replica has ended now. When to start it again; nullopt: not again.
  [[nodiscard]] std::optional<BootTime> ended(BootTime now) {
    while (!ends_.empty() && ends_.front().value + kWindowUs <= now.value) ends_.pop_front();
    TITER_CHECK(ends_.empty() || ends_.back() <= now, "time does not go back");
    ends_.push_back(now);
    if (ends_.size() >= kEndsMax) return std::nullopt;
    return BootTime(now.value + (kFirstWaitUs << (ends_.size() - 1)));
  }
  // The operator takes over: earlier ends no longer count.
  void reset() { ends_.clear(); }

 private:
  std::deque<BootTime> ends_;  // inside the window, oldest first
};

}  // namespace titer::cluster
