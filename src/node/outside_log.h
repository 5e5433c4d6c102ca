// SPDX-License-Identifier: Apache-2.0

// OutsideLog: lines of the log that clients, newcomers and other machines cause, each kind within a LineQuota: so that nobody
// fills the disk with them. When the minute is over, a line says how many were left out.
// Thread rule: the loop's thread.
#pragma once

#include <spdlog/spdlog.h>

#include <string_view>
#include <utility>

#include "base/line_quota.h"
#include "net/clock.h"

namespace titer::node {

class OutsideLog {
 public:
  // `kind`: what the lines are about, for "… repeated N times".
  OutsideLog(const net::Clock& clock, std::string_view kind) : clock_(clock), kind_(kind) {}

  template <typename... Args>
  void line(spdlog::level::level_enum level, fmt::format_string<Args...> format, Args&&... args) {
    const BootTime now = clock_.boot_now();
    tell_left_out(now);
    if (quota_.take(now)) spdlog::log(level, format, std::forward<Args>(args)...);
  }
  template <typename... Args>
  void warn(fmt::format_string<Args...> format, Args&&... args) {
    line(spdlog::level::warn, format, std::forward<Args>(args)...);
  }
  // Every now and then: when nothing comes any more, the number is told nevertheless.
  void tell_left_out(BootTime now) {
    if (const std::uint64_t more = quota_.left_out(now); more > 0)
      spdlog::warn("{}: repeated {} times in the last minute, not written one by one", kind_, more);
  }

 private:
  const net::Clock& clock_;
  std::string_view kind_;
  LineQuota quota_;
};

}  // namespace titer::node
