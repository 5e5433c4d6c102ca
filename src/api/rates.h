// Rates: how many requests a key or an address may send, as buckets that fill with time.
//
// A bucket holds two seconds' worth, so a page that asks for ten things at once is not refused, and an average is kept.
// One worker's own: with n workers a client gets up to n times as much, as its connections fall.
// Limits: kBucketsMax; when there are more, those that are full again go, which changes nothing for them.
// Thread rule: the worker's thread. Rates of 0 let everything through and cost nothing.
#pragma once

#include <boost/unordered/unordered_flat_map.hpp>
#include <cstdint>

#include "base/ids.h"

namespace titer::api {

// Requests a second; 0: as many as there are.
struct RateLimits {
  double per_key = 0;
  double per_address = 0;
};

class Rate {
 public:
  explicit Rate(double per_second) : per_second_(per_second) {}
  // False: too many; the next one may come in about retry_after_s() seconds.
  [[nodiscard]] bool take(std::uint64_t whose, BootTime now);
  [[nodiscard]] unsigned retry_after_s() const;

 private:
  struct Bucket {
    double left = 0;
    BootTime at;
  };
  [[nodiscard]] double capacity() const;
  [[nodiscard]] double filled(const Bucket& bucket, BootTime now) const;

  double per_second_;
  boost::unordered_flat_map<std::uint64_t, Bucket> buckets_;
};

}  // namespace titer::api
