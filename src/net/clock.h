// SPDX-License-Identifier: Apache-2.0

// Clock: the three times that a process can read.
//
// Code that must also run under virtual time is given one and reads no other. The free functions are this machine's; they
// are for code at the edge, which only ever runs on a real machine.
// Thread rule: any thread.
#pragma once

#include <cstdint>

#include "base/ids.h"

namespace titer::net {

class Clock {
 public:
  // Microseconds of CLOCK_BOOTTIME.
  [[nodiscard]] virtual BootTime boot_now() const = 0;
  // Milliseconds of the wall clock.
  [[nodiscard]] virtual WallTime wall_now() const = 0;
  // Microseconds of CLOCK_MONOTONIC, which stands still while the machine sleeps.
  [[nodiscard]] virtual std::int64_t monotonic_us() const = 0;

 protected:
  ~Clock() = default;
};

[[nodiscard]] BootTime boot_now();
[[nodiscard]] WallTime wall_now();
[[nodiscard]] std::int64_t monotonic_us();

}  // namespace titer::net
