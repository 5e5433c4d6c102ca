// SPDX-License-Identifier: Apache-2.0

// CHECK: our own invariants, in every build.
//
// A replica whose own invariant is broken must not go on: it stops at once, which is exactly the
// fail-stop failure that the other replicas tolerate. So CHECK guards only what this program itself
// wrote or promised. What a client, peer, file or operator can send is verified into a Result instead
// (result.h); never CHECK it.
//
// TITER_CHECK(condition, message) prints "CHECK failed" with place and message on standard error and aborts.
#pragma once

namespace titer {

[[noreturn]] void check_failed(const char* file, int line, const char* condition, const char* message);

}  // namespace titer

#define TITER_CHECK(condition, message)                               \
  do {                                                                \
    if (!(condition)) [[unlikely]]                                    \
      ::titer::check_failed(__FILE__, __LINE__, #condition, message); \
  } while (false)
