// SPDX-License-Identifier: Apache-2.0

#include "base/check.h"

#include <cstdio>
#include <cstdlib>

namespace titer {

void check_failed(const char* file, int line, const char* condition, const char* message) {
  std::fprintf(stderr, "CHECK failed at %s:%d: %s: %s\n", file, line, condition, message);
  std::fflush(stderr);
  std::abort();
}

}  // namespace titer
