// SPDX-License-Identifier: Apache-2.0

#include "client/histogram.h"

#include <algorithm>
#include <cmath>

namespace titer::client {

std::uint64_t Histogram::upper(std::size_t bucket) {
  const std::size_t group = bucket >> kSubBits;
  if (group == 0) return bucket;
  const std::uint64_t sub = (bucket & ((std::size_t{1} << kSubBits) - 1)) + (std::size_t{1} << kSubBits);
  return ((sub + 1) << (group - 1)) - 1;
}

std::uint64_t Histogram::quantile(double share) const {
  if (count_ == 0) return 0;
  const auto wanted = static_cast<std::uint64_t>(std::ceil(share * static_cast<double>(count_)));
  std::uint64_t seen = 0;
  for (std::size_t b = 0; b < counts_.size(); ++b) {
    seen += counts_[b];
    if (seen >= wanted && counts_[b] > 0) return std::min(upper(b), max_);
  }
  return max_;
}

}  // namespace titer::client
