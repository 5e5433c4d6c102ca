// SPDX-License-Identifier: Apache-2.0

// Rates: how many requests a key or an address may send, as buckets that fill with time. For HTTP and for the wire.
//
// A bucket holds two seconds' worth, so a page that asks for ten things at once is not refused, and an average is kept.
// Each replica and each HTTP worker counts alone: with n of them a client gets up to n times as much, depending on
// where its connections are accepted. A shared count would need messages between replicas for every request.
//
// Limits: kBucketsMax of each kind; when there are more, those that are full again go, which changes nothing for them.
// Rates of 0 let everything through and cost a comparison. Pure: time is given. Thread rule: its owner's thread.
#pragma once

#include <boost/unordered/unordered_flat_map.hpp>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/ids.h"
#include "base/result.h"

namespace titer::net {

// Requests a second; 0: as many as there are.
struct RateLimits {
  double per_key = 0;
  double per_address = 0;
};

class Rate {
 public:
  // `whose`: "key" or "address", for the sentence.
  Rate(double per_second, std::string_view whose) : per_second_(per_second), whose_(whose) {}
  [[nodiscard]] bool on() const { return per_second_ > 0; }
  // False: too many; the next one may come in about retry_after_s() seconds.
  [[nodiscard]] bool take(std::uint64_t whose, BootTime now);
  [[nodiscard]] unsigned retry_after_s() const;
  // kTooMany, with what to tell who sent it.
  [[nodiscard]] Error refusal() const;

 private:
  static constexpr std::size_t kBucketsMax = 200'000;  // some 40 bytes each: a flood from everywhere costs 8 MiB
  struct Bucket {
    double left = 0;
    BootTime at;
  };
  [[nodiscard]] double capacity() const;
  [[nodiscard]] double filled(const Bucket& bucket, BootTime now) const;

  double per_second_;
  std::string_view whose_;
  boost::unordered_flat_map<std::uint64_t, Bucket> buckets_;
};

// Both limits at one door.
struct Rates {
  explicit Rates(const RateLimits& limits)
      : per_key(limits.per_key, "key"), per_address(limits.per_address, "address") {}
  [[nodiscard]] bool on() const { return per_key.on() || per_address.on(); }
  // One request from this address (Stream::peer_number()) with this key (0: none). kTooMany says of which of them.
  [[nodiscard]] Status take(std::uint64_t address, std::uint64_t key, BootTime now);

  Rate per_key, per_address;
};

}  // namespace titer::net
