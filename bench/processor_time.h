// SPDX-License-Identifier: Apache-2.0

// Processor time of this process so far, in microseconds: all its threads, in the program and in the kernel.
#pragma once

#include <sys/resource.h>

inline double processor_us() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  const auto us = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) * 1e6 + static_cast<double>(t.tv_usec);
  };
  return us(usage.ru_utime) + us(usage.ru_stime);
}
