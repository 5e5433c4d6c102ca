// SPDX-License-Identifier: Apache-2.0

#include "registry/fields.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "base/limits.h"
#include "base/number.h"
#include "registry/place.h"
#include "registry/products.h"
#include "registry/store.h"

namespace titer::registry {
namespace {

struct TextField {
  std::string_view name;
  std::string_view Site::*of_site;
  std::optional<std::string_view> SiteFields::*of_request;
};
constexpr TextField kTexts[] = {
    {"name", &Site::name, &SiteFields::name},
    {"zip", &Site::zip, &SiteFields::zip},
    {"zip_plus4", &Site::zip_plus4, &SiteFields::zip_plus4},
    {"street", &Site::street, &SiteFields::street},
    {"city", &Site::city, &SiteFields::city},
    {"state", &Site::state, &SiteFields::state},
    {"county", &Site::county, &SiteFields::county},
    {"phone", &Site::phone, &SiteFields::phone},
    {"info_url", &Site::info_url, &SiteFields::info_url},
    {"booking_url", &Site::booking_url, &SiteFields::booking_url},
    {"provider", &Site::provider, &SiteFields::provider},
    {"hours", &Site::hours, &SiteFields::hours},
};

void print_degrees(double degrees, std::string& out) {
  out.clear();
  fmt::format_to(std::back_inserter(out), "{}", from_e7(to_e7(degrees)));
}
// "system TAB value" a line, with a third column for those that nobody has confirmed.
constexpr std::string_view kUnverifiedColumn = "\tunverified";
void print_pairs(const Site& site, std::string& out) {
  out.clear();
  for (std::size_t i = 0; i < site.external_ids.size(); ++i) {
    if (i > 0) out += '\n';
    out.append(site.external_ids[i].first).append(1, '\t').append(site.external_ids[i].second);
    if (is_unverified(site, i)) out.append(kUnverifiedColumn);
  }
}
double parse_degrees(std::string_view text) { return parse_number<double>(text).value_or(0); }
void parse_pairs(std::string_view text, Site& site) {
  site.external_ids.clear();
  site.unverified = 0;
  while (!text.empty()) {
    std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(text.size(), line.size() + 1));
    const std::size_t tab = line.find('\t');
    if (tab == std::string_view::npos || site.external_ids.size() == limits::kExternalIdsMax) continue;
    if (line.substr(tab + 1).find('\t') != std::string_view::npos) {
      line.remove_suffix(std::min(line.size() - tab - 1, kUnverifiedColumn.size()));
      site.unverified |= std::uint32_t{1} << site.external_ids.size();
    }
    site.external_ids.emplace_back(line.substr(0, tab), line.substr(tab + 1));
  }
}
// The state of the ZIP code. One that is not known says nothing of the state, but ends what followed from the ZIP code
// before, unless both are of one area.
void follow_zip_state(std::string_view zip_before, Site& site) {
  const std::string_view now = state_of_zip(site.zip), before = state_of_zip(zip_before);
  if (!now.empty())
    site.state = now;
  else if (!before.empty() && !site.zip.empty() && site.state == before && !zip_area_has(site.zip, site.state))
    site.state = {};
}

}  // namespace

void normalize(std::vector<ExternalId>& pairs) {
  std::sort(pairs.begin(), pairs.end());
  pairs.erase(std::unique(pairs.begin(), pairs.end()), pairs.end());
}

void follow_zip(Site& site) {
  if (site.point == PointSource::kGiven) return;
  const auto centroid = site.zip.empty() ? std::nullopt : zip_point(site.zip);
  site.point = centroid ? PointSource::kZipCentroid : PointSource::kNone;
  site.lat = centroid ? centroid->lat : 0;
  site.lon = centroid ? centroid->lon : 0;
}

void overlay(const SiteFields& fields, Site& site) {
  const std::string_view zip_before = site.zip;
  for (const TextField& field : kTexts) {
    if (const auto& text = fields.*field.of_request) site.*field.of_site = *text;
  }
  if ((site.zip != zip_before && !fields.state) || site.state.empty()) follow_zip_state(zip_before, site);
  if (fields.zip && fields.zip->empty() && !fields.zip_plus4) site.zip_plus4 = {};
  if (fields.status) site.status = *fields.status;
  if (fields.external_ids) {
    site.external_ids = *fields.external_ids;
    normalize(site.external_ids);
    site.unverified = 0;
  }
  if (fields.lat && fields.lon) {
    site.point = PointSource::kGiven;
    site.lat = from_e7(to_e7(*fields.lat));
    site.lon = from_e7(to_e7(*fields.lon));
  }
  follow_zip(site);
}

void FieldDiff::add(std::string_view field, std::string_view before, std::string_view after) {
  if (before != after) changes_.push_back({field, before, after});
}

const std::vector<FieldChange>& FieldDiff::compare(const Site& before, const Site& after) {
  changes_.clear();
  for (const TextField& field : kTexts) add(field.name, before.*field.of_site, after.*field.of_site);
  for (std::string& text : texts_) text.clear();
  if (before.point == PointSource::kGiven) {
    print_degrees(before.lat, texts_[0]);
    print_degrees(before.lon, texts_[1]);
  }
  if (after.point == PointSource::kGiven) {
    print_degrees(after.lat, texts_[2]);
    print_degrees(after.lon, texts_[3]);
  }
  if (texts_[0] != texts_[2] || texts_[1] != texts_[3]) {
    changes_.push_back({"lat", texts_[0], texts_[2]});
    changes_.push_back({"lon", texts_[1], texts_[3]});
  }
  add("status", name(before.status), name(after.status));
  if (before.external_ids != after.external_ids || before.unverified != after.unverified) {
    print_pairs(before, texts_[4]);
    print_pairs(after, texts_[5]);
    changes_.push_back({"external_ids", texts_[4], texts_[5]});
  }
  return changes_;
}

bool put_back(const FieldChange& change, Site& site) {
  for (const TextField& field : kTexts) {
    if (field.name != change.field) continue;
    site.*field.of_site = change.before;
    return true;
  }
  if (change.field == "lat" || change.field == "lon") {
    (change.field == "lat" ? site.lat : site.lon) = parse_degrees(change.before);
    site.point = change.before.empty() ? PointSource::kNone : PointSource::kGiven;
    return true;
  }
  if (change.field == "status") {
    for (const SiteStatus status : {SiteStatus::kActive, SiteStatus::kHidden, SiteStatus::kClosed}) {
      if (name(status) == change.before) site.status = status;
    }
    return true;
  }
  if (change.field != "external_ids") return false;
  parse_pairs(change.before, site);
  return true;
}

}  // namespace titer::registry
