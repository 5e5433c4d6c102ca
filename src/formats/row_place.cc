// SPDX-License-Identifier: Apache-2.0

// RowBuilder's rules about several fields of a row: its place, and when its claim was true there.

#include <fmt/format.h>

#include <array>
#include <utility>

#include "base/limits.h"
#include "formats/file_time.h"
#include "formats/row.h"
#include "registry/geo.h"
#include "registry/place.h"
#include "registry/products.h"

namespace titer::formats {
namespace {

using registry::ZipPoint;

std::optional<TimeZone> zone_of_place(std::string_view zip, std::string_view state) {
  const auto known = registry::zip_point(zip);
  return time_zone(known ? known->time_zone : registry::state_time_zone(state));
}

bool is_near(const ZipPoint& zip, double lat, double lon) {
  return registry::distance_m(lat, lon, zip.lat, zip.lon) <= registry::point_from_zip_max_m(zip.state);
}

// Why the point would be in the ZIP code if it were written otherwise, and how. nullopt: nothing explains it.
struct Mistake {
  std::string_view why;
  double lat, lon;
};
std::optional<Mistake> mistake_of(const ZipPoint& zip, double lat, double lon) {
  constexpr std::string_view kSign = "the sign of a latitude or longitude was wrong: put right";
  constexpr std::string_view kExchanged = "latitude and longitude were exchanged: put right";
  constexpr std::string_view kBoth = "latitude and longitude were exchanged, and a sign was wrong: put right";
  const std::array<Mistake, 7> mistakes = {{{kExchanged, lon, lat},
                                            {kSign, lat, -lon},
                                            {kSign, -lat, lon},
                                            {kSign, -lat, -lon},
                                            {kBoth, -lon, lat},
                                            {kBoth, lon, -lat},
                                            {kBoth, -lon, -lat}}};
  for (const Mistake& one : mistakes)
    if (one.lat >= -90 && one.lat <= 90 && is_near(zip, one.lat, one.lon)) return one;
  return std::nullopt;
}

}  // namespace

// Zeros were put in front of a ZIP code that may have lost another digit: "7520" in Dallas is no 07520 of New Jersey.
void RowBuilder::judge_zip() {
  registry::SiteFields& fields = row_.fields;
  if (zip_padded_.empty() || !fields.zip || (!fields.state && !fields.city)) return;
  const auto zip = registry::zip_point(*fields.zip);
  const bool in_state = fields.state && !registry::contradiction({*fields.state, *fields.zip});
  const bool in_city = fields.city && zip && same_ignoring_case(trim(*fields.city), zip->city);
  if (in_state || in_city || (!fields.state && !zip)) return;
  note("zip", "a ZIP code that lost a digit: with zeros in front it is in another state or city; left out",
       zip_padded_);
  fields.zip.reset();
  fields.zip_plus4.reset();
}

void RowBuilder::judge_point() {
  registry::SiteFields& fields = row_.fields;
  const auto zip = fields.lat && fields.zip ? registry::zip_point(*fields.zip) : std::nullopt;
  if (!zip || is_near(*zip, *fields.lat, *fields.lon)) return;
  const std::string_view shown = pool_.keep(fmt::format("{}, {}; {}", *fields.lat, *fields.lon, *fields.zip));
  if (const auto mistake = mistake_of(*zip, *fields.lat, *fields.lon)) {
    fields.lat = mistake->lat;
    fields.lon = mistake->lon;
    return note("lat, lon", mistake->why, shown);
  }
  note("lat, lon", "the point is more than 100 miles from the ZIP code: left out, the ZIP code's centre is used",
       shown);
  fields.lat.reset();
  fields.lon.reset();
}

void RowBuilder::judge_place() {
  const auto& f = row_.fields;
  const auto wrong = registry::contradiction(
      {f.state.value_or(""), f.zip.value_or(""), f.lat && f.lon, f.lat.value_or(0), f.lon.value_or(0)});
  if (wrong)
    note("", fmt::format("the place contradicts itself ({}): kept as it is, in nobody's jurisdiction", *wrong));
}

void RowBuilder::judge_time() {
  if (!claimed_) return;
  const auto& fields = row_.fields;
  const auto at = moment(time_.column, time_.text, fields.zip.value_or(""), fields.state.value_or(""));
  if (at) claim_.valid_at = *at;
}

std::optional<WallTime> RowBuilder::moment(std::string_view column, std::string_view text, std::string_view zip,
                                           std::string_view state) {
  text = trim(text);
  if (text.empty()) return std::nullopt;
  if (says_nothing(text)) {
    note_once(column, "says that there is no time: the claim counts as of now", text);
    return std::nullopt;
  }
  const Result<FileTime> time = read_file_time(text);
  if (!time) {
    refuse(column, time.error().message, text);
    return std::nullopt;
  }
  const auto zone = zone_of_place(zip, state);
  if (!time->remark.empty()) note_once(column, time->remark, text);
  if (time->kind == FileTime::Kind::kReading && !time->zone)
    note_once(column,
              zone ? "a time without its zone: read by the clocks of the place"
                   : "a time without its zone, in a row that names no place: read as UTC",
              text);
  const WallTime at = moment_of(*time, zone, now_);
  if (now_ == WallTime() || at.value <= now_.value + limits::kValidAheadMaxMs) return at;
  refuse(column, "a time that is still to come: a claim is about now or the past", text);
  return std::nullopt;
}

}  // namespace titer::formats
