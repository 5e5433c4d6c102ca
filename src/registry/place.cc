// SPDX-License-Identifier: Apache-2.0

#include "registry/place.h"

#include <fmt/format.h>

#include "base/limits.h"
#include "registry/geo.h"
#include "registry/products.h"
#include "registry/query.h"

namespace titer::registry {
namespace {

bool beyond(double value, double low, double high) {
  return value < low - limits::kPointFromStateMaxDegrees || value > high + limits::kPointFromStateMaxDegrees;
}

std::optional<std::string> point_off_zip(const Place& place, const ZipPoint& zip) {
  const double metres = distance_m(place.lat, place.lon, zip.lat, zip.lon);
  if (metres <= limits::kPointFromZipMaxM) return std::nullopt;
  return fmt::format("the point {:.4f}, {:.4f} is {:.0f} miles from the ZIP code {} ({}, {})", place.lat, place.lon,
                     metres / kMetresPerMile, place.zip, zip.city, zip.state);
}

std::optional<std::string> point_off_state(const Place& place, const StateBox& box) {
  if (!beyond(place.lat, box.south, box.north) && !beyond(place.lon, box.west, box.east)) return std::nullopt;
  return fmt::format("the point {:.4f}, {:.4f} is not in {}", place.lat, place.lon, place.state);
}

}  // namespace

Place stated_place(const Site& site) {
  if (site.point != PointSource::kGiven) return {site.state, site.zip};
  return {site.state, site.zip, true, site.lat, site.lon};
}

std::string_view state_of(const Place& place) {
  if (!place.state.empty()) return place.state;
  const auto zip = zip_point(place.zip);
  return zip ? zip->state : std::string_view();
}

std::optional<std::string> contradiction(const Place& place) {
  if (const auto zip = zip_point(place.zip)) {
    if (!place.state.empty() && place.state != zip->state)
      return fmt::format("the ZIP code {} is in {} ({}), and the state is {}", place.zip, zip->state, zip->city,
                         place.state);
    return place.point_given ? point_off_zip(place, *zip) : std::nullopt;
  }
  const auto box = state_box(place.state);
  if (!box) return std::nullopt;
  if (!place.zip.empty() && !zip_area_has(place.zip, place.state))
    return fmt::format("no ZIP code of {} begins with {}, as {} does", place.state, place.zip.substr(0, 3),
                       place.zip);
  return place.point_given ? point_off_state(place, *box) : std::nullopt;
}

}  // namespace titer::registry
