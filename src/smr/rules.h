// SPDX-License-Identifier: Apache-2.0

// The check that goes with the rules of base/rules.h: SMR_CHECK is TITER_CHECK in the product. With TITER_MUTANTS it throws
// Broken, so that a broken invariant ends the schedule that found it, not the test program.
#pragma once

#include "base/check.h"
#include "base/rules.h"

#ifdef TITER_MUTANTS
#include <stdexcept>
#endif

namespace titer::smr {

#ifdef TITER_MUTANTS
struct Broken : std::logic_error {
  using std::logic_error::logic_error;
};
#define SMR_CHECK(condition, message)                      \
  do {                                                     \
    if (!(condition)) throw ::titer::smr::Broken(message); \
  } while (false)
#else
#define SMR_CHECK(condition, message) TITER_CHECK(condition, message)
#endif

}  // namespace titer::smr
