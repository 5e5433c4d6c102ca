// SPDX-License-Identifier: Apache-2.0

// Distances on the Earth, and the order in which the registry keeps sites so that it finds those near a point.
//
// The Earth is cut into bands of a quarter degree of latitude. Sites are ordered by band, and within a band by longitude. So
// the sites of a band between two longitudes are one piece of an OrderedIndex, and a circle is a few such pieces. A place is 64 bits
// and has the whole point: band, longitude, and the latitude within the band.
//
// Why not an R-tree: a walk over it cannot stop and resume after sites were added or have moved. A place in this order can
// (near_walk.h). The order also takes 15 bytes per site instead of 27.
#pragma once

#include <cstdint>

namespace titer::registry {

inline constexpr double kEarthRadiusM = 6'371'008.8;  // mean radius

// Great-circle distances in metres from one point; degrees in.
class DistanceFrom {
 public:
  DistanceFrom(double lat, double lon);
  [[nodiscard]] double operator()(double lat, double lon) const;
  // Less work, and in the same order: the square of the sine of half the angle.
  [[nodiscard]] double square(double lat, double lon) const;
  // Of what is a little more than this distance away.
  [[nodiscard]] static double square_above(double metres);

 private:
  double lat_, lon_, cos_lat_;
};
[[nodiscard]] inline double distance_m(double lat1, double lon1, double lat2, double lon2) {
  return DistanceFrom(lat1, lon1)(lat2, lon2);
}

// In units of 1e-7 degrees, as rows keep them.
inline constexpr std::int32_t kBandE7 = 2'500'000;
inline constexpr std::int64_t kHalfTurnE7 = 1'800'000'000;
inline constexpr std::int32_t kBands = 900'000'000 / kBandE7 * 2 + 1;  // the north pole has one of its own

[[nodiscard]] inline std::int32_t band_of(std::int32_t lat) { return (lat + 900'000'000) / kBandE7; }
// 0 to 2 * kHalfTurnE7 - 1: east of the date line.
[[nodiscard]] inline std::uint32_t east_of(std::int32_t lon) {
  return lon == kHalfTurnE7 ? 0 : static_cast<std::uint32_t>(lon + kHalfTurnE7);
}

inline constexpr int kNorthBits = 22, kEastBits = 32;  // of a place, the lowest first
static_assert(kBandE7 < 1 << kNorthBits && kBands < 1 << (64 - kNorthBits - kEastBits));
// The first place of this band and longitude; the last one.
[[nodiscard]] inline std::uint64_t first_place(std::int32_t band, std::uint32_t east) {
  return (std::uint64_t{static_cast<std::uint32_t>(band)} << kEastBits | east) << kNorthBits;
}
[[nodiscard]] inline std::uint64_t last_place(std::int32_t band, std::uint32_t east) {
  return first_place(band, east) | ((std::uint64_t{1} << kNorthBits) - 1);
}
[[nodiscard]] inline std::uint64_t place_of(std::int32_t lat, std::int32_t lon) {
  const std::int32_t band = band_of(lat);
  return first_place(band, east_of(lon)) | static_cast<std::uint32_t>(lat + 900'000'000 - band * kBandE7);
}
// Of a place, back again. The date line is west: -180.
[[nodiscard]] inline std::int32_t lat_of(std::uint64_t place) {
  const auto band = static_cast<std::int32_t>(place >> (kEastBits + kNorthBits));
  return band * kBandE7 - 900'000'000 + static_cast<std::int32_t>(place & ((1U << kNorthBits) - 1));
}
[[nodiscard]] inline std::int32_t lon_of(std::uint64_t place) {
  return static_cast<std::int32_t>(std::int64_t{static_cast<std::uint32_t>(place >> kNorthBits)} - kHalfTurnE7);
}

// How far east and west of longitude 0 a circle reaches within a band, in 1e-7 degrees, never too little; < 0: it does not
// touch the band. `lat` of the circle's centre in degrees.
[[nodiscard]] std::int64_t reach_in_band(std::int32_t band, double lat, double radius_m);

}  // namespace titer::registry
