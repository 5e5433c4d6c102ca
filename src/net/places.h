// SPDX-License-Identifier: Apache-2.0

// Places: how many connections one listener may have, in all and from one address.
//
// Why both: without a limit of an address, one client has all the places; without one in all, many addresses use up memory
// and descriptors. When all places are taken the longest idle connections give way (longest_idle()), as in nginx: so that idle
// ones of one address do not shut others out. They give way several at a time, so that a flood of newcomers costs one look at
// all connections per several newcomers, and not one for each.
//
// Addresses are numbers (Stream::peer_number()); 0 is a Unix socket, which is not counted: it is this machine's own.
// Pure. Thread rule: its owner's thread.
#pragma once

#include <algorithm>
#include <boost/unordered/unordered_flat_map.hpp>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <utility>
#include <vector>

#include "base/ids.h"
#include "base/result.h"

namespace titer::net {

struct PlaceLimits {
  std::size_t in_all = SIZE_MAX;
  std::size_t per_address = SIZE_MAX;
};

class Places {
 public:
  // `what`: the plural for the sentences, "connections" or "watches".
  Places(PlaceLimits limits, std::string_view what) : limits_(limits), what_(what) {}

  [[nodiscard]] const PlaceLimits& limits() const { return limits_; }
  [[nodiscard]] std::size_t taken() const { return taken_; }
  [[nodiscard]] bool full() const { return taken_ >= limits_.in_all; }
  // kTooMany: this address has its share. kBusy: all are taken.
  [[nodiscard]] Status take(std::uint64_t address);
  // What take() has given.
  void give_back(std::uint64_t address);

 private:
  PlaceLimits limits_;
  std::string_view what_;
  std::size_t taken_ = 0;
  boost::unordered_flat_map<std::uint64_t, std::size_t> by_address_;
};

// Since when it is idle.
template <typename Who>
using Idle = std::pair<BootTime, Who>;

// Leaves in `all` those that give way to newcomers: the longest idle eighth, at least one and at most kGiveWayMax.
template <typename Who>
void longest_idle(std::vector<Idle<Who>>& all) {
  constexpr std::size_t kGiveWayMax = 32;
  const std::size_t count = std::min({all.size(), kGiveWayMax, std::max<std::size_t>(1, all.size() / 8)});
  const auto earlier = [](const Idle<Who>& a, const Idle<Who>& b) { return a.first < b.first; };
  std::nth_element(all.begin(), all.begin() + static_cast<std::ptrdiff_t>(count), all.end(), earlier);
  all.erase(all.begin() + static_cast<std::ptrdiff_t>(count), all.end());
}

}  // namespace titer::net
