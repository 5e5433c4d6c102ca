// SPDX-License-Identifier: Apache-2.0

// Traffic: what a worker has served, counted; written by its own thread, read by any.
//
// Plain counters that only grow (relaxed: a reader may see one a moment before another). Latency is from a request's
// whole header to its answer, without the time on the network.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <deque>

#include "http/answer_head.h"

namespace titer::http {

struct RouteTraffic {
  // Upper bounds in µs; the last bucket has none.
  static constexpr std::array<std::int64_t, 9> kBoundsUs = {250,     1'000,   2'500,     10'000,   50'000,
                                                            250'000, 500'000, 1'000'000, 2'500'000};
  std::array<std::atomic<std::uint64_t>, 6> by_class{};  // by first digit of the status
  std::array<std::atomic<std::uint64_t>, kBoundsUs.size() + 1> buckets{};
  std::atomic<std::uint64_t> us_sum{0};
};

class Traffic {
 public:
  // One more than there are routes: what fitted none comes last.
  explicit Traffic(std::size_t routes) : routes_(routes + 1) {}

  void count(const Answered& what, BootTime now);
  [[nodiscard]] const RouteTraffic& route(std::size_t index) const { return routes_[index]; }
  [[nodiscard]] std::size_t size() const { return routes_.size(); }
  [[nodiscard]] std::uint64_t requests() const;

  std::atomic<std::uint64_t> accepted{0}, turned_away{0};
  std::atomic<std::uint64_t> gave_way{0};                   // idle connections, to newcomers
  std::atomic<std::uint64_t> connections{0}, listeners{0};  // now

 private:
  std::deque<RouteTraffic> routes_;
};

}  // namespace titer::http
