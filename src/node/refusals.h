// SPDX-License-Identifier: Apache-2.0

// Refusals: the log's line about somebody who was not let in. One who is refused usually comes again soon, so the same line is
// written once in kTellAgainUs. Thread rule: its owner's.
#pragma once

#include <spdlog/spdlog.h>

#include <cstdint>
#include <string>
#include <utility>

#include "base/ids.h"

namespace titer::node {

class Refusals {
 public:
  void tell(BootTime now, std::string line) {
    if (now < again_ && line == told_) return;
    spdlog::warn("{}", line);
    told_ = std::move(line);
    again_ = BootTime(now.value + kTellAgainUs);
  }

 private:
  static constexpr std::int64_t kTellAgainUs = 10'000'000;
  std::string told_;
  BootTime again_;
};

}  // namespace titer::node
