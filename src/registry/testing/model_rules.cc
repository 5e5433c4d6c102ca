// SPDX-License-Identifier: Apache-2.0

// Validation, the reach of keys, and which places belong together.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numbers>

#include "base/limits.h"
#include "base/text.h"
#include "registry/products.h"
#include "registry/testing/model.h"

namespace titer::registry::test {
namespace {

bool digits(std::string_view text, std::size_t count) {
  return text.size() == count && std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
}
bool capitals(std::string_view text) {
  return text.size() == 2 && std::ranges::all_of(text, [](char c) { return c >= 'A' && c <= 'Z'; });
}
bool token(std::string_view text, std::size_t most) {
  const auto good = [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '.' || c == '-';
  };
  return !text.empty() && text.size() <= most && std::ranges::all_of(text, good);
}
bool site_id(std::string_view text) {
  return token(text, limits::kSiteIdBytesMax) && text != "near" && text != "." && text != "..";
}
bool area(std::string_view text) { return capitals(text) || digits(text, 3) || digits(text, 4) || digits(text, 5); }
std::int64_t e7(double degrees) { return std::llround(degrees * 1e7); }
double degrees(std::int64_t e7) { return static_cast<double>(e7) / 1e7; }

}  // namespace

const std::array<ModelText, 12>& model_texts() {
  static const std::array<ModelText, 12> kTexts = {{
      {"name", &ModelSite::name, &SiteFields::name},
      {"zip", &ModelSite::zip, &SiteFields::zip},
      {"zip_plus4", &ModelSite::zip_plus4, &SiteFields::zip_plus4},
      {"street", &ModelSite::street, &SiteFields::street},
      {"city", &ModelSite::city, &SiteFields::city},
      {"state", &ModelSite::state, &SiteFields::state},
      {"county", &ModelSite::county, &SiteFields::county},
      {"phone", &ModelSite::phone, &SiteFields::phone},
      {"info_url", &ModelSite::info_url, &SiteFields::info_url},
      {"booking_url", &ModelSite::booking_url, &SiteFields::booking_url},
      {"provider", &ModelSite::provider, &SiteFields::provider},
      {"hours", &ModelSite::hours, &SiteFields::hours},
  }};
  return kTexts;
}

// --- places

double metres_between(double lat1, double lon1, double lat2, double lon2) {
  constexpr double kRadians = std::numbers::pi / 180;
  const double north = std::sin((lat2 - lat1) * kRadians / 2), east = std::sin((lon2 - lon1) * kRadians / 2);
  const double square = north * north + std::cos(lat1 * kRadians) * std::cos(lat2 * kRadians) * east * east;
  return 2 * 6'371'008.8 * std::asin(std::sqrt(std::min(1.0, square)));
}

std::optional<std::pair<double, double>> shown_point(const ModelSite& site) {
  if (site.point) return std::pair(degrees(site.point->first), degrees(site.point->second));
  const auto zip = zip_point(site.zip);
  if (!zip) return std::nullopt;
  return std::pair(degrees(e7(zip->lat)), degrees(e7(zip->lon)));
}

ModelPlace place_of(const ModelSite& site) {
  return {site.state, site.zip, site.point ? shown_point(site) : std::nullopt};
}

bool contradicts(const ModelPlace& place) {
  if (const auto zip = zip_point(place.zip)) {
    if (!place.state.empty() && place.state != zip->state) return true;
    const double most = zip->state == "AK" ? 250'000 : 100 * 1609.344;
    return place.point && metres_between(place.point->first, place.point->second, zip->lat, zip->lon) > most;
  }
  const auto box = state_box(place.state);
  if (!box) return false;
  if (!place.zip.empty() && !zip_area_has(place.zip, place.state)) return true;
  if (!place.point) return false;
  const auto [lat, lon] = *place.point;
  return lat < box->south - 1 || lat > box->north + 1 || lon < box->west - 1 || lon > box->east + 1;
}

// --- what is valid

void Model::check_text(std::string_view text, std::size_t max) {
  require(text.size() <= max, Code::kTooLarge);
  require(is_clean(text), Code::kInvalid);
}

void Model::check_fields(const SiteFields& f) {
  require(!f.name || !is_blank(*f.name), Code::kInvalid);
  if (f.name) check_text(*f.name, limits::kNameBytesMax);
  require(!f.zip || f.zip->empty() || digits(*f.zip, 5), Code::kInvalid);
  require(!f.zip_plus4 || f.zip_plus4->empty() || digits(*f.zip_plus4, 4), Code::kInvalid);
  require(!f.state || f.state->empty() || capitals(*f.state), Code::kInvalid);
  for (const auto& text : {f.street, f.city, f.county, f.phone, f.info_url, f.booking_url, f.provider, f.hours})
    if (text) check_text(*text, limits::kTextBytesMax);
  require(!f.status || *f.status <= SiteStatus::kClosed, Code::kInvalid);
  if (f.external_ids) {
    require(f.external_ids->size() <= limits::kExternalIdsMax, Code::kTooLarge);
    for (const auto& [system, value] : *f.external_ids) {
      require(!system.empty() && !value.empty(), Code::kInvalid);
      check_text(system, limits::kNameBytesMax);
      check_text(value, limits::kNameBytesMax);
    }
  }
  require(f.lat.has_value() == f.lon.has_value(), Code::kInvalid);
  require(!f.lat || (*f.lat >= -90 && *f.lat <= 90 && *f.lon >= -180 && *f.lon <= 180), Code::kInvalid);
}

void Model::check_claim(const StockClaim& claim, bool with_time) const {
  require(token(claim.product, 32), Code::kInvalid);
  const Availability a = claim.availability;
  require(a.kind <= Availability::Kind::kCount && (a.kind == Availability::Kind::kCount || a.count == 0),
          Code::kInvalid);
  require(a.count <= limits::kCountMax, Code::kTooLarge);
  check_text(claim.source, limits::kNameBytesMax);
  if (!with_time || !claim.valid_at) return;
  const std::int64_t ten_minutes = 10LL * 60 * 1000;
  require(claim.valid_at->value >= 0 && claim.valid_at->value <= time_.value + ten_minutes, Code::kInvalid);
}

void Model::check_scope(const CreateKey& op) {
  const bool counted = op.role == Role::kJurisdiction || op.role == Role::kAggregator;
  require(op.sites_max == 0 || (counted && op.sites_max <= limits::kKeySitesMax), Code::kInvalid);
  require(op.scope.size() <= limits::kKeyScopeMax, Code::kTooLarge);
  switch (op.role) {
    case Role::kProvider:
      return require(!op.scope.empty() && std::ranges::all_of(op.scope, site_id), Code::kInvalid);
    case Role::kJurisdiction:
      return require(!op.scope.empty() && std::ranges::all_of(op.scope, area), Code::kInvalid);
    case Role::kAggregator:
      require(op.scope.size() == 1 && !op.scope.front().empty(), Code::kInvalid);
      return check_text(op.scope.front(), limits::kNameBytesMax);
    default: return require(op.scope.empty(), Code::kInvalid);
  }
}

void Model::check_names(const ModelSite& site, std::optional<std::size_t> self) const {
  require(site.status == SiteStatus::kClosed || !other_called(site.name, self), Code::kDuplicate);
}

void Model::check_externals(const ModelSite& before, const ModelSite& site, std::optional<std::size_t> self) const {
  for (const auto& [pair, verified] : site.external_ids) {
    const auto had = before.external_ids.find(pair);
    const bool stays = had != before.external_ids.end() && had->second == verified;
    if (stays || pair.first == "vtrcks" || pair.first == "npi_usa") continue;
    auto owner = by_external(pair, true);
    if (!owner && !verified) owner = by_external(pair, false);
    require(!owner || owner == self, Code::kDuplicate);
  }
}

void Model::check_room(const ModelSite& site, std::string_view product) const {
  require(site.stock.contains(product) || site.stock.size() < limits::kStockLinesMax, Code::kTooLarge);
}

// --- what a key reaches

void Model::check_reach(std::string_view id, const ModelPlace& place) const {
  if (now_.is(Role::kProvider)) require(std::ranges::count(now_.grantee->scope, id) > 0, Code::kForbidden);
  if (!now_.is(Role::kJurisdiction)) return;
  std::string_view state = place.state;
  if (state.empty())
    if (const auto zip = zip_point(place.zip)) state = zip->state;
  const auto covers = [&](const std::string& part) {
    return part.size() == 2 ? part == state : place.zip.starts_with(part);
  };
  require(std::ranges::any_of(now_.grantee->scope, covers) && !contradicts(place), Code::kForbidden);
}

void Model::check_change(const ModelSite& before, const ModelSite& after) const {
  check_reach(before.id, place_of(before));
  check_reach(before.id, place_of(after));
  require(!now_.is(Role::kAggregator) || after.created_key == now_.key, Code::kForbidden);
}

void Model::check_new(const ModelSite& site, std::string_view source) const {
  check_reach(site.id, place_of(site));
  if (now_.is(Role::kJurisdiction) || now_.is(Role::kAggregator)) {
    const auto added = std::ranges::count_if(sites_, [&](const auto& one) { return one.created_key == now_.key; });
    const std::uint32_t most = now_.grantee->sites_max == 0 ? limits::kKeySitesDefault : now_.grantee->sites_max;
    require(static_cast<std::size_t>(added) < most, Code::kTooLarge);
  }
  if (now_.is(Role::kAggregator))
    require(source.empty() || source == now_.grantee->scope.front(), Code::kForbidden);
}

void Model::check_line(const ModelSite& site, std::string_view product, std::string_view source) const {
  check_reach(site.id, place_of(site));
  if (!now_.is(Role::kAggregator)) return;
  const std::string& own = now_.grantee->scope.front();
  require(source.empty() || source == own, Code::kForbidden);
  if (const auto line = site.stock.find(product); line != site.stock.end())
    return require(line->second.source == own, Code::kForbidden);
  const auto owned = std::ranges::count_if(site.stock, [&](const auto& line) { return line.second.source == own; });
  require(owned < 64 && site.stock.size() + 64 < limits::kStockLinesMax, Code::kTooLarge);
}

std::string Model::kept_source(std::string_view source) const {
  return now_.is(Role::kAggregator) ? now_.grantee->scope.front() : std::string(source);
}

WallTime Model::true_at(const StockClaim& claim) const {
  if (!claim.valid_at || *claim.valid_at > time_) return time_;
  return *claim.valid_at;
}

void Model::check_age(const ModelLine& line, const StockClaim& claim) const {
  if (!claim.valid_at) return;
  const WallTime moved = line.changed_at > line.checked_at ? line.changed_at : WallTime();
  const WallTime at = true_at(claim);
  require(at >= time_ || (at >= line.valid_at && at >= moved), Code::kOutOfDate);
}

// --- from fields to a site, and the difference of two

void Model::lay_over(const SiteFields& fields, ModelSite& site) {
  const std::string zip_before = site.zip;
  for (const ModelText& text : model_texts())
    if (fields.*text.of_request) site.*text.of_site = *(fields.*text.of_request);
  if ((site.zip != zip_before && !fields.state) || site.state.empty()) {
    const auto now = zip_point(site.zip), before = zip_point(zip_before);
    if (now) {
      site.state = now->state;
    } else if (before && !site.zip.empty() && site.state == before->state && !zip_area_has(site.zip, site.state)) {
      site.state.clear();
    }
  }
  if (fields.zip && fields.zip->empty() && !fields.zip_plus4) site.zip_plus4.clear();
  if (fields.status) site.status = *fields.status;
  if (fields.lat) site.point = std::pair(e7(*fields.lat), e7(*fields.lon));
  if (!fields.external_ids) return;
  site.external_ids.clear();
  for (const ExternalId& pair : *fields.external_ids)
    site.external_ids[{std::string(pair.first), std::string(pair.second)}] = true;
}

void Model::mark_claims(const SiteFields& fields, const ModelSite& before, ModelSite& site) const {
  if (!fields.external_ids) return;
  for (auto& [pair, verified] : site.external_ids) {
    const auto had = before.external_ids.find(pair);
    const bool asked = std::ranges::count(*fields.external_ids, ExternalId(pair)) > 0;
    verified = (had != before.external_ids.end() && had->second) || (asked && !now_.is(Role::kProvider));
  }
}

std::vector<ModelChange> changes_between(const ModelSite& before, const ModelSite& after) {
  std::vector<ModelChange> out;
  const auto compare = [&](std::string_view field, const std::string& a, const std::string& b) {
    if (a != b) out.push_back({std::string(field), a, b});
  };
  for (const ModelText& text : model_texts()) compare(text.field, before.*text.of_site, after.*text.of_site);
  if (before.point != after.point) {
    const auto print = [](const ModelSite& site, bool lat) {
      return site.point ? fmt::format("{}", degrees(lat ? site.point->first : site.point->second)) : std::string();
    };
    out.push_back({"lat", print(before, true), print(after, true)});
    out.push_back({"lon", print(before, false), print(after, false)});
  }
  compare("status", std::string(name(before.status)), std::string(name(after.status)));
  const auto lines = [](const ModelSite& site) {
    std::string text;
    for (const auto& [pair, verified] : site.external_ids)
      text += fmt::format("{}{}\t{}{}", text.empty() ? "" : "\n", pair.first, pair.second,
                          verified ? "" : "\tunverified");
    return text;
  };
  compare("external_ids", lines(before), lines(after));
  return out;
}

}  // namespace titer::registry::test
