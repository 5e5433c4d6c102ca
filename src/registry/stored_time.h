// SPDX-License-Identifier: Apache-2.0

// A time as rows keep it: milliseconds in six bytes. Rows have up to three of them.
// Limits: 0 to 2^48 - 1, far beyond kWallTimeMaxMs; is_sound() (validate.h) keeps others out. Pure.
#pragma once

#include <array>
#include <cstdint>

#include "base/limits.h"

namespace titer::registry {

class StoredTime {
 public:
  StoredTime& operator=(std::int64_t ms) {
    for (std::size_t i = 0; i < parts_.size(); ++i) parts_[i] = static_cast<std::uint16_t>(ms >> (16 * i));
    return *this;
  }
  operator std::int64_t() const {  // NOLINT(google-explicit-constructor): a number, in fewer bytes
    return static_cast<std::int64_t>(std::uint64_t{parts_[2]} << 32 | std::uint64_t{parts_[1]} << 16 | parts_[0]);
  }

 private:
  std::array<std::uint16_t, 3> parts_{};
};
static_assert(sizeof(StoredTime) == 6 && limits::kWallTimeMaxMs < std::int64_t{1} << 48);

}  // namespace titer::registry
