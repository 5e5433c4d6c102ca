// SPDX-License-Identifier: Apache-2.0

// Rates: how many requests a key or an address may send, as buckets that fill with time. For HTTP and for the wire.
//
// A bucket holds two seconds' worth, so a page that asks for ten things together is not refused, and an average is kept.
// Each replica counts alone, HTTP and the wire apart: with n replicas a client gets up to n times as much. A shared count would need messages between replicas for every request.
//
// Limits are on by default. A program of this machine (the operator's tools, a load test, a proxy in front of the page, which
// stands for everybody) is counted only where the operator has set the limit: the default is for strangers.
//
// Limits: kBucketsMax of each kind; when there are more, those that are full again go, which changes nothing for them.
// Rates of 0 let everything through and cost a comparison. Pure: time is given. Thread rule: its owner's thread.
#pragma once

#include <boost/unordered/unordered_flat_map.hpp>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "base/ids.h"
#include "base/result.h"

namespace titer::net {

struct RateLimit {
  double per_second = 0;      // 0: as many as there are
  bool this_machine = false;  // programs of this machine are counted too
};

struct RateLimits {
  RateLimit per_key;
  RateLimit per_address;

  // As an operator gives them; nothing: the default (docs/decisions/0032 says why so many).
  [[nodiscard]] static RateLimits of(std::optional<double> a_key, std::optional<double> an_address);
};
// Requests a second. A key is one program of a clinic, a chain or a feed: a set for each of 3,000 sites takes it half a minute,
// and an import is one request. An address is all people behind one router or one exit of a phone company.
inline constexpr double kDefaultPerKey = 100;
inline constexpr double kDefaultPerAddress = 200;

class Rate {
 public:
  // `whose`: "key" or "address", for the sentence.
  Rate(RateLimit limit, std::string_view whose)
      : per_second_(limit.per_second), this_machine_(limit.this_machine), whose_(whose) {}
  // Whether a client is counted, which may be a program of this machine.
  [[nodiscard]] bool counts(bool of_this_machine) const {
    return per_second_ > 0 && (this_machine_ || !of_this_machine);
  }
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
  bool this_machine_;
  std::string_view whose_;
  boost::unordered_flat_map<std::uint64_t, Bucket> buckets_;
};

// Both limits at one door.
struct Rates {
  explicit Rates(const RateLimits& limits)
      : per_key(limits.per_key, "key"), per_address(limits.per_address, "address") {}
  // The client that sends a request.
  struct Sender {
    std::uint64_t address = 0;  // Stream::peer_number()
    std::uint64_t key = 0;      // 0: none
    bool this_machine = false;
  };
  // One request. kTooMany says of which of them there were too many.
  [[nodiscard]] Status take(const Sender& sender, BootTime now);
  // The same, one limit alone: a client that has not shown a key yet has an address.
  [[nodiscard]] Status take_address(const Sender& sender, BootTime now);
  [[nodiscard]] Status take_key(const Sender& sender, BootTime now);

  Rate per_key, per_address;
};

}  // namespace titer::net
