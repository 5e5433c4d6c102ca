// SPDX-License-Identifier: Apache-2.0

#include "registry/place.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <iterator>

#include "base/limits.h"
#include "base/number.h"
#include "base/text.h"
#include "registry/geo.h"
#include "registry/products.h"
#include "registry/query.h"

namespace titer::registry {
namespace {

// Places whose ZIP codes are in no census table: territories, the freely associated states, and the military's post offices,
// whose mail goes anywhere. By the ranges of the post office (USPS Publication 65).
struct Territory {
  std::string_view state;
  std::uint32_t first_zip, last_zip;
  std::optional<StateBox> box;
};
constexpr Territory kTerritories[] = {
    {"AA", 34000, 34099, {}},
    {"AE", 9000, 9899, {}},
    {"AP", 96200, 96699, {}},
    {"AS", 96799, 96799, StateBox{-14.6, -11.0, -171.2, -168.1}},
    {"FM", 96941, 96944, StateBox{1.0, 10.1, 137.4, 163.1}},
    {"GU", 96910, 96932, StateBox{13.2, 13.7, 144.6, 145.0}},
    {"MH", 96960, 96979, StateBox{4.5, 14.7, 160.7, 172.2}},
    {"MP", 96950, 96952, StateBox{14.0, 20.6, 144.8, 146.1}},
    {"PW", 96939, 96940, StateBox{2.8, 8.2, 131.1, 134.8}},
};

template <typename Fits>
const Territory* find_territory(const Fits& fits) {
  const auto found = std::ranges::find_if(kTerritories, fits);
  return found == std::end(kTerritories) ? nullptr : found;
}
const Territory* territory_of_zip(std::string_view zip) {
  const auto n = zip.size() == 5 && all_digits(zip) ? parse_number<std::uint32_t>(zip) : std::nullopt;
  return n ? find_territory([&](const Territory& t) { return *n >= t.first_zip && *n <= t.last_zip; }) : nullptr;
}
const Territory* territory_named(std::string_view state) {
  return find_territory([&](const Territory& t) { return t.state == state; });
}

// Of a ZIP code that neither the table nor a territory knows.
bool could_have(std::string_view state, std::string_view zip) {
  return territory_named(state) == nullptr && (!state_box(state) || zip_area_has(zip, state));
}

std::optional<StateBox> box_of(std::string_view state) {
  const Territory* territory = territory_named(state);
  return territory != nullptr ? territory->box : state_box(state);
}

bool beyond(double value, double low, double high) {
  return value < low - limits::kPointFromStateMaxDegrees || value > high + limits::kPointFromStateMaxDegrees;
}

std::optional<std::string> point_off_zip(const Place& place, const ZipPoint& zip) {
  const double metres = distance_m(place.lat, place.lon, zip.lat, zip.lon);
  if (metres <= point_from_zip_max_m(zip.state)) return std::nullopt;
  return fmt::format("the point {:.4f}, {:.4f} is {:.0f} miles from the ZIP code {} ({}, {})", place.lat, place.lon,
                     metres / kMetresPerMile, place.zip, zip.city, zip.state);
}

std::optional<std::string> point_off_state(const Place& place, std::string_view state) {
  const auto box = box_of(state);
  if (!box || (!beyond(place.lat, box->south, box->north) && !beyond(place.lon, box->west, box->east)))
    return std::nullopt;
  return fmt::format("the point {:.4f}, {:.4f} is not in {}", place.lat, place.lon, state);
}

}  // namespace

double point_from_zip_max_m(std::string_view state) {
  return state == "AK" ? limits::kPointFromAlaskanZipMaxM : limits::kPointFromZipMaxM;
}

Place stated_place(const Site& site) {
  if (site.point != PointSource::kGiven) return {site.state, site.zip};
  return {site.state, site.zip, true, site.lat, site.lon};
}

std::string_view state_of_zip(std::string_view zip) {
  if (const auto known = zip_point(zip)) return known->state;
  const Territory* territory = territory_of_zip(zip);
  return territory != nullptr ? territory->state : std::string_view();
}

std::string_view state_of(const Place& place) {
  return place.state.empty() ? state_of_zip(place.zip) : place.state;
}

std::optional<std::string> contradiction(const Place& place) {
  if (const auto zip = zip_point(place.zip)) {
    if (!place.state.empty() && place.state != zip->state)
      return fmt::format("the ZIP code {} is in {} ({}), and the state is {}", place.zip, zip->state, zip->city,
                         place.state);
    return place.point_given ? point_off_zip(place, *zip) : std::nullopt;
  }
  const std::string_view state = state_of(place), of_zip = state_of_zip(place.zip);
  if (!of_zip.empty() && of_zip != state)
    return fmt::format("the ZIP code {} is in {}, and the state is {}", place.zip, of_zip, state);
  if (of_zip.empty() && !place.zip.empty() && !state.empty() && !could_have(state, place.zip))
    return fmt::format("no ZIP code of {} begins with {}, as {} does", state, place.zip.substr(0, 3), place.zip);
  return place.point_given ? point_off_state(place, state) : std::nullopt;
}

}  // namespace titer::registry
