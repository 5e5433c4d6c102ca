// SPDX-License-Identifier: Apache-2.0

// WindowedMax: the highest of the values of the last one to two windows of time.
//
// What a message says about its sender's clock is late by the time that it was under way. So of several readings the one
// that shows the clock furthest ahead is the truest; and an old one must not count permanently, because clocks drift and are
// set. Thread rule: none.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>

#include "base/ids.h"

namespace titer::smr {

template <std::int64_t window_us = 1'000'000>
class WindowedMax {
 public:
  void add(BootTime now, std::int64_t value) {
    if (!current_ || now.value - since_.value >= window_us) {
      before_ = current_ && now.value - since_.value < 2 * window_us ? current_ : std::nullopt;
      current_ = value;
      since_ = now;
    }
    current_ = std::max(*current_, value);
  }
  [[nodiscard]] std::optional<std::int64_t> highest() const {
    return before_ ? std::max(before_, current_) : current_;
  }

 private:
  std::optional<std::int64_t> current_, before_;
  BootTime since_;
};

}  // namespace titer::smr
