// SPDX-License-Identifier: Apache-2.0

#include "http/traffic.h"

#include <algorithm>

namespace titer::http {

namespace {

// One writer: no need of a locked instruction.
void add(std::atomic<std::uint64_t>& to, std::uint64_t n) {
  to.store(to.load(std::memory_order_relaxed) + n, std::memory_order_relaxed);
}

}  // namespace

void Traffic::count(const Answered& what, BootTime now) {
  RouteTraffic& route = what.route == nullptr ? routes_.back() : routes_[what.index];
  const std::int64_t us = what.begun == BootTime() ? 0 : std::max<std::int64_t>(0, now.value - what.begun.value);
  add(route.by_class[std::min<std::size_t>(what.status / 100, 5)], 1);
  const auto bucket = std::lower_bound(RouteTraffic::kBoundsUs.begin(), RouteTraffic::kBoundsUs.end(), us);
  add(route.buckets[static_cast<std::size_t>(bucket - RouteTraffic::kBoundsUs.begin())], 1);
  add(route.us_sum, static_cast<std::uint64_t>(us));
}

std::uint64_t Traffic::requests() const {
  std::uint64_t sum = 0;
  for (const RouteTraffic& route : routes_)
    for (const auto& n : route.by_class) sum += n.load(std::memory_order_relaxed);
  return sum;
}

}  // namespace titer::http
