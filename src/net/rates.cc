// SPDX-License-Identifier: Apache-2.0

#include "net/rates.h"

#include <algorithm>
#include <cmath>
#include <string>

namespace titer::net {

namespace {

constexpr double kBurstS = 2;

}  // namespace

RateLimits RateLimits::of(std::optional<double> a_key, std::optional<double> an_address) {
  const auto limit = [](std::optional<double> given, double otherwise) {
    return RateLimit{given.value_or(otherwise), given.has_value()};
  };
  return {limit(a_key, kDefaultPerKey), limit(an_address, kDefaultPerAddress)};
}

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

Status Rates::take(const Sender& sender, BootTime now) {
  const Status of_address = take_address(sender, now);
  return of_address.ok() ? take_key(sender, now) : of_address;
}

Status Rates::take_address(const Sender& sender, BootTime now) {
  if (!per_address.counts(sender.this_machine) || per_address.take(sender.address, now)) return ok_status();
  return per_address.refusal();
}

Status Rates::take_key(const Sender& sender, BootTime now) {
  if (sender.key == 0 || !per_key.counts(sender.this_machine) || per_key.take(sender.key, now)) return ok_status();
  return per_key.refusal();
}

}  // namespace titer::net
