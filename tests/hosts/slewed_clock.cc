// SPDX-License-Identifier: Apache-2.0

// A clock that runs at another speed, for a process that is none the wiser: preloaded, it makes clock_gettime(2) run at
// SLEWED_CLOCK_PERMILLE of the true speed (1010: one percent fast),
// from its start on.
//
// Only the clocks that measure how much time has passed; the wall clock may show anything anyway. Time-outs of the kernel
// (epoll) stay true.
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <dlfcn.h>
#include <time.h>

#include <cstdlib>

namespace {

constexpr long long kSecond = 1'000'000'000;

using Clock = int (*)(clockid_t, timespec*);

long long nanoseconds(const timespec& t) { return t.tv_sec * kSecond + t.tv_nsec; }

struct Slew {
  Clock real = reinterpret_cast<Clock>(::dlsym(RTLD_NEXT, "clock_gettime"));
  long long permille = 1000;
  long long began = 0;  // of CLOCK_BOOTTIME: what both clocks are counted from

  Slew() {
    if (const char* text = std::getenv("SLEWED_CLOCK_PERMILLE")) permille = std::atoll(text);
    timespec now{};
    real(CLOCK_BOOTTIME, &now);
    began = nanoseconds(now);
  }
};

const Slew& slew() {
  static const Slew one;
  return one;
}

}  // namespace

extern "C" int clock_gettime(clockid_t which, timespec* out) {
  const Slew& s = slew();
  const int result = s.real(which, out);
  if (result != 0 || (which != CLOCK_BOOTTIME && which != CLOCK_MONOTONIC)) return result;
  const long long shown = s.began + (nanoseconds(*out) - s.began) / 1000 * s.permille;
  out->tv_sec = shown / kSecond;
  out->tv_nsec = shown % kSecond;
  return 0;
}
