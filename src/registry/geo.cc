// SPDX-License-Identifier: Apache-2.0

#include "registry/geo.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace titer::registry {
namespace {

constexpr double kRadians = std::numbers::pi / 180;

double square_of_sin_half(double angle) {
  const double s = std::sin(angle / 2);
  return s * s;
}

}  // namespace

DistanceFrom::DistanceFrom(double lat, double lon) : lat_(lat), lon_(lon), cos_lat_(std::cos(lat * kRadians)) {}

double DistanceFrom::square(double lat, double lon) const {
  const double dp = std::sin((lat - lat_) * kRadians / 2);
  const double dl = std::sin((lon - lon_) * kRadians / 2);
  return dp * dp + cos_lat_ * std::cos(lat * kRadians) * dl * dl;
}

double DistanceFrom::operator()(double lat, double lon) const {
  return 2 * kEarthRadiusM * std::asin(std::sqrt(std::min(1.0, square(lat, lon))));
}

double DistanceFrom::square_above(double metres) {
  constexpr double kMarginM = 0.01;  // of rounding
  const double angle = (metres + kMarginM) / kEarthRadiusM;
  return angle >= std::numbers::pi ? 2 : square_of_sin_half(angle);
}

// Haversine, solved for the difference of longitudes, with the latitudes of the band for which that is greatest.
std::int64_t reach_in_band(std::int32_t band, double lat, double radius_m) {
  constexpr double kMarginM = 1;  // of rounding
  const double south = -90 + band * (kBandE7 / 1e7), north = std::min(90.0, south + kBandE7 / 1e7);
  const double apart = std::max({0.0, south - lat, lat - north}) * kRadians;
  const double radius = (radius_m + kMarginM) / kEarthRadiusM;
  if (apart > radius) return -1;
  const double rest = square_of_sin_half(radius) - square_of_sin_half(apart);
  const double least_cos = std::min(std::cos(south * kRadians), std::cos(north * kRadians));
  const double scale = std::cos(lat * kRadians) * least_cos;
  if (rest >= scale) return kHalfTurnE7;
  const double reach = 2 * std::asin(std::sqrt(std::max(0.0, rest) / scale)) / kRadians * 1e7;
  return std::min(kHalfTurnE7, static_cast<std::int64_t>(reach) + 2);
}

}  // namespace titer::registry
