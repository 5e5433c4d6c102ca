// SPDX-License-Identifier: Apache-2.0

// Distances on the Earth, and the order in which the registry keeps sites so that it finds those near a point.
//
// The Earth is cut into bands of a quarter degree of latitude. Sites are ordered by band, and within a band by longitude. So
// the sites of a band between two longitudes are one piece of an OrderedIndex, and a circle is a few such pieces.
//
// Why not an R-tree: a walk over it cannot stop and resume after sites were added or have moved. A place in this order can
// (near_walk.h). The order also takes 6 bytes per site instead of 27.
#pragma once

#include <cstdint>

namespace titer::registry {

inline constexpr double kEarthRadiusM = 6'371'008.8;  // mean radius

// Great-circle distance in metres; degrees in.
[[nodiscard]] double distance_m(double lat1, double lon1, double lat2, double lon2);

// In units of 1e-7 degrees, as rows keep them.
inline constexpr std::int32_t kBandE7 = 2'500'000;
inline constexpr std::int64_t kHalfTurnE7 = 1'800'000'000;
inline constexpr std::int32_t kBands = 900'000'000 / kBandE7 * 2 + 1;  // the north pole has one of its own

[[nodiscard]] inline std::int32_t band_of(std::int32_t lat) { return (lat + 900'000'000) / kBandE7; }
// 0 to 2 * kHalfTurnE7 - 1: east of the date line.
[[nodiscard]] inline std::uint32_t east_of(std::int32_t lon) {
  return lon == kHalfTurnE7 ? 0 : static_cast<std::uint32_t>(lon + kHalfTurnE7);
}
[[nodiscard]] inline std::uint64_t place_of(std::int32_t band, std::uint32_t east) {
  return std::uint64_t{static_cast<std::uint32_t>(band)} << 32 | east;
}

// How far east and west of longitude 0 a circle reaches within a band, in 1e-7 degrees, never too little; < 0: it does not
// touch the band. `lat` of the circle's centre in degrees.
[[nodiscard]] std::int64_t reach_in_band(std::int32_t band, double lat, double radius_m);

}  // namespace titer::registry
