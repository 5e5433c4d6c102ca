// SPDX-License-Identifier: Apache-2.0

// Histogram: durations in buckets that are narrow where they are small (log-linear): at most 1.6 % off, 60 KiB for
// everything from 1 ns to centuries, and an addition is a shift and an increment. Thread rule: its owner's.
#pragma once

#include <bit>
#include <cstdint>
#include <vector>

namespace titer::client {

class Histogram {
 public:
  Histogram() : counts_(kBuckets) {}

  void add(std::uint64_t value) {
    ++counts_[bucket(value)];
    ++count_;
    if (value > max_) max_ = value;
  }
  [[nodiscard]] std::uint64_t count() const { return count_; }
  [[nodiscard]] std::uint64_t max() const { return max_; }
  // The smallest recorded value (to bucket's width) that `share` of all values do not exceed; share in 0 … 1.
  [[nodiscard]] std::uint64_t quantile(double share) const;

 private:
  static constexpr unsigned kSubBits = 6;  // 64 buckets for each power of two
  static constexpr std::size_t kBuckets = (64 - kSubBits + 1) << kSubBits;

  // Below 64 a bucket per value; above, the top 6 bits after the leading one choose it.
  static std::size_t bucket(std::uint64_t value) {
    const auto width = static_cast<unsigned>(std::bit_width(value));
    if (width <= kSubBits) return value;
    const unsigned shift = width - kSubBits - 1;
    return (std::size_t{shift + 1} << kSubBits) + ((value >> shift) - (std::size_t{1} << kSubBits));
  }
  // The largest value that falls into it.
  static std::uint64_t upper(std::size_t bucket);

  std::vector<std::uint64_t> counts_;
  std::uint64_t count_ = 0, max_ = 0;
};

}  // namespace titer::client
