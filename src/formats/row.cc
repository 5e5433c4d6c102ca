// SPDX-License-Identifier: Apache-2.0

#include "formats/row.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <optional>
#include <utility>

#include "base/hash.h"
#include "base/limits.h"
#include "base/number.h"
#include "formats/degrees.h"
#include "formats/file_time.h"
#include "registry/product_text.h"
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

}  // namespace

std::optional<Availability> read_availability(std::string_view text) {
  const auto read = registry::parse_availability(without_zero_fraction(text));
  return read && read->count <= limits::kCountMax ? read : std::nullopt;
}

void RowBuilder::begin(std::uint64_t line) {
  line_ = line;
  refused_ = claimed_ = judged_ = place_trusted_ = false;
  row_ = {};
  claim_ = {};
  time_ = {};
  zip_padded_ = {};
  pool_.clear();
}

void RowBuilder::note(std::string_view column, std::string_view why, std::string_view value) {
  report_.note(line_, column, why, value);
}
void RowBuilder::note_once(std::string_view column, std::string_view why, std::string_view value) {
  constexpr std::size_t kRemembered = 256;
  const std::uint64_t key = hash64(as_bytes(fmt::format("{}\n{}", column, why)));
  if (std::ranges::find(noted_once_, key) != noted_once_.end() || noted_once_.size() == kRemembered) return;
  noted_once_.push_back(key);
  note(column, why, value);
}
void RowBuilder::refuse(std::string_view column, std::string_view why, std::string_view value) {
  if (!refused_) report_.refuse(line_, column, why, value);  // the first reason is enough
  refused_ = true;
}

// The text in UTF-8, where it is in another encoding that can be recognized.
std::string_view RowBuilder::decoded(std::string_view column, std::string_view text) {
  if (!is_utf8(text)) {
    const auto converted = from_windows_1252(text);
    if (!converted) return text;
    note_once(column, "Windows-1252 and not UTF-8: converted", *converted);
    return pool_.keep(*converted);
  }
  auto again = decoded_again(text);
  if (!again) return text;
  note(column, "UTF-8 that was encoded twice: decoded once more", text);
  while (auto more = decoded_again(*again)) again = std::move(more);
  return pool_.keep(*again);
}

std::string_view RowBuilder::clean(std::string_view column, std::string_view text, std::size_t bytes_max) {
  text = trim(text);
  if (!is_plain(text)) {
    text = decoded(column, text);
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
  if (zip->padded) {
    note(column, "zeros in front of the ZIP code were lost: put back", text);
    zip_padded_ = text;
  }
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
  if ((lat_text.empty() || says_nothing(lat_text)) && (lon_text.empty() || says_nothing(lon_text))) return;
  std::optional<double> lat = read_degrees(lat_text), lon = read_degrees(lon_text);
  const std::string_view shown = pool_.keep(fmt::format("{}, {}", lat_text.substr(0, 40), lon_text.substr(0, 40)));
  if (lat && lon && std::abs(*lat) > 90 && std::abs(*lon) <= 90) {
    std::swap(lat, lon);
    note("lat, lon", "latitude and longitude were exchanged: put right", shown);
  }
  if (!lat || !lon || std::abs(*lat) > 90 || (*lat == 0 && *lon == 0))
    return note("lat, lon", "not a point on land: left out, the ZIP code's centre is used", shown);
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
  using As = registry::ProductReading::As;
  text = trim(text);
  if (text.empty()) return;
  const registry::ProductReading reading = registry::read_product(text);
  if (reading.as == As::kRefused)
    return refuse(column, reading.remark,
                  reading.nearest.empty() ? text : pool_.keep(fmt::format("{}; near: {}", text, reading.nearest)));
  claim_.product = pool_.keep(reading.code);
  if (reading.as == As::kUnknown) note(column, reading.remark, text);
  if (reading.as == As::kMended) note_once(column, reading.remark, text);
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

void RowBuilder::valid_at(std::string_view column, std::string_view text) { time_ = {column, text}; }

void RowBuilder::source(std::string_view column, std::string_view text) {
  const std::string_view value = clean(column, text, limits::kNameBytesMax);
  if (!value.empty()) claim_.source = value;
}

const registry::ImportRow* RowBuilder::finish() {
  registry::SiteFields& fields = row_.fields;
  if (!refused_ && row_.id.empty() && !fields.name && !fields.external_ids)
    refuse("", "a site needs an id, a name or an external id");
  if (!refused_ && !std::exchange(judged_, true)) {  // once, however often the row is asked for
    if (row_.id.empty())
      for (auto* text : {&fields.name, &fields.street})
        if (*text) *text = pool_.keep(tidy(**text));
    if (!place_trusted_) judge_zip();
    if (!place_trusted_) judge_point();
    judge_time();
    judge_place();
  }
  if (refused_) return nullptr;
  if (claimed_) row_.stock = claim_;
  return &row_;
}

std::string derived_id(std::string_view prefix, std::initializer_list<std::string_view> parts) {
  std::string all;
  for (const std::string_view part : parts) {
    all.append(folded(part));
    all.push_back('\n');
  }
  return fmt::format("{}-{:016x}", prefix, hash64(as_bytes(all)));
}

std::string zip_of_identity(std::string_view text) {
  const std::optional<Zip> zip = read_zip(trim(text));
  return zip ? zip->five : std::string(text);
}

}  // namespace titer::formats
