// SPDX-License-Identifier: Apache-2.0

// Random: a stream of numbers that is the same on every machine for the same seed. For simulation and tests.
//
// SplitMix64: one word of state, every seed is as good as any other, and no library's idea of a distribution comes in
// between. Not for names that nobody may guess. Thread rule: its owner's.
// Source: Steele, Lea, Flood, "Fast splittable pseudorandom number generators" (2014).
#pragma once

#include <cstdint>

namespace titer {

class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed) {}

  std::uint64_t next() {
    state_ += 0x9E3779B97F4A7C15ULL;
    std::uint64_t z = state_;
    z = (z ^ (z >> 30U)) * 0xBF58476D1CE4E5B9ULL;
    z = (z ^ (z >> 27U)) * 0x94D049BB133111EBULL;
    return z ^ (z >> 31U);
  }
  // 0 … n-1; n above 0.
  std::uint64_t below(std::uint64_t n) { return next() % n; }
  // low … high, both included.
  std::int64_t between(std::int64_t low, std::int64_t high) {
    return low + static_cast<std::int64_t>(below(static_cast<std::uint64_t>(high - low) + 1));
  }
  bool chance(double p) { return static_cast<double>(next() >> 11U) * 0x1.0p-53 < p; }

 private:
  std::uint64_t state_;
};

}  // namespace titer
