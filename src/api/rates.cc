#include "api/rates.h"

#include <algorithm>
#include <cmath>

#include "api/limits.h"

namespace titer::api {

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
  if (buckets_.size() >= limits::kBucketsMax)
    boost::unordered::erase_if(buckets_, [&](const auto& one) { return filled(one.second, now) >= capacity(); });
  if (buckets_.size() >= limits::kBucketsMax) buckets_.clear();
  const auto [it, is_new] = buckets_.try_emplace(whose, Bucket{capacity(), now});
  Bucket& bucket = it->second;
  bucket = {filled(bucket, now), now};
  if (bucket.left < 1) return false;
  --bucket.left;
  return true;
}

unsigned Rate::retry_after_s() const { return static_cast<unsigned>(std::ceil(std::max(1.0, 1 / per_second_))); }

}  // namespace titer::api
