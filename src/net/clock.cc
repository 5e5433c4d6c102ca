// SPDX-License-Identifier: Apache-2.0

#include "net/clock.h"

#include <time.h>

namespace titer::net {

BootTime boot_now() {
  timespec t{};
  clock_gettime(CLOCK_BOOTTIME, &t);
  return BootTime(std::int64_t{t.tv_sec} * 1'000'000 + t.tv_nsec / 1000);
}

std::int64_t monotonic_us() {
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  return std::int64_t{now.tv_sec} * 1'000'000 + now.tv_nsec / 1000;
}

WallTime wall_now() {
  timespec t{};
  clock_gettime(CLOCK_REALTIME, &t);
  return WallTime(std::int64_t{t.tv_sec} * 1000 + t.tv_nsec / 1'000'000);
}

}  // namespace titer::net
