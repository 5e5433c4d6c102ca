// SPDX-License-Identifier: Apache-2.0

#include "net/rates.h"

#include <algorithm>
#include <cmath>
#include <string>

namespace titer::net {

namespace {

constexpr double kBurstS = 2;

}  // namespace

double Rate::capacity() const { return std::max(1.0, per_second_ * kBurstS); }

double Rate::filled(const Bucket& bucket, BootTime now) const {
  const double s = static_cast<double>(now.value - bucket.at.value) / 1e6;
  return std::min(capacity(), bucket.left + s * per_second_);
}

bool Rate::take(std::uint64_t whose, BootTime now) {
  if (per_second_ <= 0) return true;
  if (buckets_.size() >= kBucketsMax)
    boost::unordered::erase_if(buckets_, [&](const auto& one) { return filled(one.second, now) >= capacity(); });
  if (buckets_.size() >= kBucketsMax) buckets_.clear();
  const auto [it, is_new] = buckets_.try_emplace(whose, Bucket{capacity(), now});
  Bucket& bucket = it->second;
  bucket = {filled(bucket, now), now};
  if (bucket.left < 1) return false;
  --bucket.left;
  return true;
}

unsigned Rate::retry_after_s() const { return static_cast<unsigned>(std::ceil(std::max(1.0, 1 / per_second_))); }

Error Rate::refusal() const {
  return {Code::kTooMany, "too many requests of this " + std::string(whose_) + "; slow down"};
}

Status Rates::take(std::uint64_t address, std::uint64_t key, BootTime now) {
  if (!per_address.take(address, now)) return per_address.refusal();
  if (key != 0 && !per_key.take(key, now)) return per_key.refusal();
  return ok_status();
}

}  // namespace titer::net
