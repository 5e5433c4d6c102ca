// SPDX-License-Identifier: Apache-2.0

// Lane: one of the parts of the history, each bounded by itself. event_log.h says what belongs where, and why.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace titer::registry {

enum class Lane : std::uint8_t { kShare = 0, kExcess = 1, kAccess = 2 };
inline constexpr std::size_t kLanes = 3;
inline constexpr std::array<Lane, kLanes> kAllLanes = {Lane::kShare, Lane::kExcess, Lane::kAccess};
// By the number of the lane.
template <typename T>
struct PerLane {
  std::array<T, kLanes> each{};
  T& operator[](Lane lane) { return each[static_cast<std::size_t>(lane)]; }
  const T& operator[](Lane lane) const { return each[static_cast<std::size_t>(lane)]; }
};

}  // namespace titer::registry
