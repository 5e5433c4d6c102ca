// SPDX-License-Identifier: Apache-2.0

// LineQuota: how many lines of one kind a log gets. kLines in each kWindowUs are written, further ones are counted, and
// their number is told once, when the window is over.
//
// Why per kind and not per text: a client that causes the lines may choose the texts, and then every line is a new one.
// Pure: time is given. Thread rule: its owner's thread.
#pragma once

#include <cstdint>
#include <utility>

#include "base/ids.h"

namespace titer {

class LineQuota {
 public:
  static constexpr std::uint64_t kLines = 10;  // enough to see what it is about
  static constexpr std::int64_t kWindowUs = 60'000'000;

  // True: this line is written. Ask left_out() first.
  [[nodiscard]] bool take(BootTime now) {
    if (!open(now)) {
      begun_ = now;
      written_ = 0;
    }
    if (written_ >= kLines) {
      ++left_out_;
      return false;
    }
    ++written_;
    return true;
  }
  // How many lines were left out in a window that is over; 0: none, or it is not over. Each is told once.
  [[nodiscard]] std::uint64_t left_out(BootTime now) { return open(now) ? 0 : std::exchange(left_out_, 0); }

 private:
  [[nodiscard]] bool open(BootTime now) const { return written_ > 0 && now.value - begun_.value < kWindowUs; }

  BootTime begun_;
  std::uint64_t written_ = 0, left_out_ = 0;
};

}  // namespace titer
