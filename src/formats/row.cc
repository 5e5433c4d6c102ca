// SPDX-License-Identifier: Apache-2.0

#include "formats/row.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "base/hash.h"
#include "base/limits.h"
#include "base/number.h"
#include "base/time.h"
#include "registry/place.h"
#include "registry/products.h"
#include "registry/validate.h"

namespace titer::formats {
namespace {

using registry::Availability;
using registry::SiteStatus;

// A spreadsheet's "2138.0" for a number.
std::string_view without_zero_fraction(std::string_view text) {
  return text.ends_with(".0") ? text.substr(0, text.size() - 2) : text;
}

struct Zip {
  std::string five, four;
  bool padded = false;
};
std::string padded(std::string_view digits, std::size_t width) {
  return std::string(width - digits.size(), '0').append(digits);
}
std::optional<Zip> read_zip(std::string_view text) {
  text = without_zero_fraction(text);
  const std::size_t dash = std::min(text.find_first_of("- "), text.size());
  std::string_view five = text.substr(0, dash);
  std::string_view four = dash < text.size() ? trim(text.substr(dash + 1)) : std::string_view();
  if (!all_digits(five) || (!four.empty() && (!all_digits(four) || four.size() > 4))) return std::nullopt;
  if (dash == text.size() && (five.size() == 8 || five.size() == 9)) {  // +4 without a dash
    four = five.substr(five.size() - 4);
    five = five.substr(0, five.size() - 4);
  }
  if (five.size() < 3 || five.size() > 5) return std::nullopt;
  Zip zip{padded(five, 5), four.empty() ? "" : padded(four, 4),
          five.size() < 5 || (!four.empty() && four.size() < 4)};
  if (zip.five == "00000") return std::nullopt;
  if (zip.four == "0000") zip.four.clear();
  return zip;
}

std::optional<Availability> read_availability(std::string_view text) {
  const auto read = registry::parse_availability(without_zero_fraction(text));
  return read && read->count <= limits::kCountMax ? read : std::nullopt;
}

}  // namespace

void RowBuilder::begin(std::uint64_t line) {
  line_ = line;
  refused_ = claimed_ = place_judged_ = false;
  row_ = {};
  claim_ = {};
  pool_.clear();
}

void RowBuilder::note(std::string_view column, std::string_view why, std::string_view value) {
  report_.note(line_, column, why, value);
}
void RowBuilder::refuse(std::string_view column, std::string_view why, std::string_view value) {
  if (!refused_) report_.refuse(line_, column, why, value);  // the first reason is enough
  refused_ = true;
}

std::string_view RowBuilder::clean(std::string_view column, std::string_view text, std::size_t bytes_max) {
  text = trim(text);
  if (!is_plain(text)) {
    std::string& mended = pool_.fresh();
    const Mended done = mend(text, mended);
    if (done.not_utf8) note(column, "not UTF-8: the bytes that are none were replaced", text);
    if (done.control) note(column, "line ends or control characters were replaced by blanks", text);
    if (done.direction) note(column, "characters that turn the direction of writing were left out", text);
    text = trim(mended);
  }
  if (text.size() <= bytes_max) return text;
  refuse(column, "the text is too long", text);
  return {};
}

void RowBuilder::id(std::string_view column, std::string_view text) {
  text = trim(text);
  if (text.empty()) return;
  if (!registry::is_site_id(text))
    return refuse(column, "an id has 1 to 64 letters, digits, points and dashes, and is not near, . or ..", text);
  row_.id = text;
}

void RowBuilder::name(std::string_view column, std::string_view text) {
  const std::string_view value = clean(column, text, limits::kNameBytesMax);
  if (!value.empty()) row_.fields.name = value;
}

void RowBuilder::text(TextField field, std::string_view column, std::string_view text) {
  const std::string_view value = clean(column, text, limits::kTextBytesMax);
  if (!value.empty()) row_.fields.*field = value;
}

void RowBuilder::link(TextField field, std::string_view column, std::string_view text) {
  const std::string_view value = clean(column, text, limits::kTextBytesMax);
  if (!registry::is_link(value)) return note(column, "not an http, https, mailto or tel address: left out", text);
  if (!value.empty()) row_.fields.*field = value;
}

void RowBuilder::zip(std::string_view column, std::string_view text) {
  text = trim(text);
  if (text.empty()) return;
  const std::optional<Zip> zip = read_zip(text);
  if (!zip) return note(column, "not a ZIP code: left out", text);
  if (zip->padded) note(column, "zeros in front of the ZIP code were lost: put back", text);
  row_.fields.zip = pool_.keep(zip->five);
  if (!zip->four.empty()) row_.fields.zip_plus4 = pool_.keep(zip->four);
}

void RowBuilder::state(std::string_view column, std::string_view text) {
  text = trim(text);
  if (text.empty()) return;
  std::string& capitals = pool_.fresh().assign(text);
  for (char& c : capitals) c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  const bool letters = std::all_of(capitals.begin(), capitals.end(), [](char c) { return c >= 'A' && c <= 'Z'; });
  if (capitals.size() != 2 || !letters) return note(column, "not a state's two letters: left out", text);
  row_.fields.state = capitals;
}

void RowBuilder::point(std::string_view lat_text, std::string_view lon_text) {
  lat_text = trim(lat_text);
  lon_text = trim(lon_text);
  if (lat_text.empty() && lon_text.empty()) return;
  const std::optional<double> lat = parse_number<double>(lat_text), lon = parse_number<double>(lon_text);
  if (!lat || !lon || std::abs(*lat) > 90 || std::abs(*lon) > 180 || (*lat == 0 && *lon == 0)) {
    return note("lat, lon", "not a point on land: left out, the ZIP code's centre is used",
                pool_.keep(fmt::format("{}, {}", lat_text.substr(0, 40), lon_text.substr(0, 40))));
  }
  row_.fields.lat = *lat;
  row_.fields.lon = *lon;
}

void RowBuilder::status(std::string_view column, std::string_view text) {
  text = trim(text);
  if (text.empty()) return;
  for (const SiteStatus s : {SiteStatus::kActive, SiteStatus::kHidden, SiteStatus::kClosed}) {
    if (!same_ignoring_case(text, registry::name(s))) continue;
    row_.fields.status = s;
    return;
  }
  refuse(column, "the status is active, hidden or closed", text);
}

void RowBuilder::external_id(std::string_view column, std::string_view system, std::string_view value) {
  system = clean(column, system, limits::kNameBytesMax);
  value = clean(column, value, limits::kNameBytesMax);
  if (refused_) return;
  if (system.empty() || value.empty()) return note(column, "an external id needs a system and a value: left out");
  if (!row_.fields.external_ids) row_.fields.external_ids.emplace();
  if (row_.fields.external_ids->size() >= limits::kExternalIdsMax)
    return refuse(column, "more than 32 external ids of one site");
  row_.fields.external_ids->emplace_back(system, value);
}

void RowBuilder::product(std::string_view column, std::string_view text) {
  text = trim(text);
  if (text.empty()) return;
  const std::optional<std::string_view> code = registry::normalize_product(text);
  if (!code) return refuse(column, "a product is a CVX or NDC code, or 'any'", text);
  claim_.product = pool_.keep(*code);
  if (claim_.product != registry::kAnyProduct && !registry::find_product(claim_.product))
    note(column, "no known product code: kept as it is", text);
}

void RowBuilder::availability(std::string_view column, std::string_view text) {
  text = trim(text);
  if (text.empty()) return;
  const std::optional<Availability> value = read_availability(text);
  if (!value) return refuse(column, "availability is a count of doses, true, false or unknown", text);
  availability(*value);
}
void RowBuilder::availability(Availability value) {
  claim_.availability = value;
  claimed_ = true;
}

void RowBuilder::valid_at(std::string_view column, std::string_view text) {
  text = trim(text);
  if (text.empty()) return;
  const std::optional<WallTime> time = parse_time(text);
  if (!time) return refuse(column, "not a time: write 2024-08-01 or 2024-08-01T09:30:00Z", text);
  claim_.valid_at = *time;
}

void RowBuilder::source(std::string_view column, std::string_view text) {
  const std::string_view value = clean(column, text, limits::kNameBytesMax);
  if (!value.empty()) claim_.source = value;
}

// Once for each row, however often it is asked for.
void RowBuilder::judge_place() {
  if (std::exchange(place_judged_, true)) return;
  const auto& f = row_.fields;
  const auto wrong = registry::contradiction(
      {f.state.value_or(""), f.zip.value_or(""), f.lat && f.lon, f.lat.value_or(0), f.lon.value_or(0)});
  if (wrong)
    note("", fmt::format("the place contradicts itself ({}): kept as it is, in nobody's jurisdiction", *wrong));
}

const registry::ImportRow* RowBuilder::finish() {
  if (!refused_ && row_.id.empty() && !row_.fields.name) refuse("", "a site needs an id or a name");
  if (refused_) return nullptr;
  judge_place();
  if (claimed_) row_.stock = claim_;
  return &row_;
}

std::string derived_id(std::string_view prefix, std::initializer_list<std::string_view> parts) {
  std::string all;
  for (const std::string_view part : parts) {
    all.append(lower(trim(part)));
    all.push_back('\n');
  }
  return fmt::format("{}-{:016x}", prefix, hash64(as_bytes(all)));
}

}  // namespace titer::formats
