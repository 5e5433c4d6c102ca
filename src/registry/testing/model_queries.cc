// SPDX-License-Identifier: Apache-2.0

// Questions: all rows are looked at, those that fit are sorted, and a page is cut off.
#include <algorithm>
#include <tuple>

#include "base/limits.h"
#include "registry/products.h"
#include "registry/testing/model.h"

namespace titer::registry::test {
namespace {

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
  return out;
}

bool fits(const SiteFilter& filter, const ModelSite& site) {
  if (!filter.with_closed && site.status != SiteStatus::kActive) return false;
  if (!filter.state.empty() && site.state != filter.state) return false;
  if (!filter.zip.empty() && site.zip != filter.zip) return false;
  if (lower(site.name).find(lower(filter.text)) == std::string::npos) return false;
  const auto line_fits = [&](const auto& line) {
    const ModelLine& l = line.second;
    const WallTime claimed = l.valid_at == WallTime() ? l.checked_at : l.valid_at;
    const auto of_line = [&](std::string_view product) {
      return line.first == product || line.first == std::string(product) + ".vfc";
    };
    return (filter.products.empty() || std::ranges::any_of(filter.products, of_line)) &&
           (!filter.available_only || (l.value.available() && claimed >= filter.claimed_since));
  };
  const bool asks_stock = !filter.products.empty() || filter.available_only;
  if (asks_stock && !std::ranges::any_of(site.stock, line_fits)) return false;
  if (!filter.updated_since || site.updated_at >= *filter.updated_since) return true;
  return std::ranges::any_of(site.stock,
                             [&](const auto& line) { return line.second.changed_at >= *filter.updated_since; });
}

bool good_limit(std::uint32_t limit) { return limit >= 1 && limit <= limits::kPageMax; }

template <typename Row>
Model::Page<Row> page_of(std::vector<Row> rows, std::size_t limit) {
  const bool more = rows.size() > limit;
  if (more) rows.erase(rows.begin() + static_cast<std::ptrdiff_t>(limit), rows.end());
  return {Code::kOk, std::move(rows), more};
}

// A page of events does not end inside of a position.
Model::Page<const ModelEvent*> page_of_events(const std::vector<const ModelEvent*>& events, std::size_t limit) {
  Model::Page<const ModelEvent*> page;
  for (const ModelEvent* event : events) {
    if (page.rows.size() >= limit && event->position != page.rows.back()->position) {
      page.more = true;
      break;
    }
    page.rows.push_back(event);
  }
  return page;
}

bool older(const ModelEvent* a, const ModelEvent* b) {
  return std::tie(a->position, a->part) < std::tie(b->position, b->part);
}

bool shows(const History& query, Lane lane) {
  if (query.of == History::Of::kAccess) return lane == Lane::kAccess;
  return lane != Lane::kAccess || (query.audit && !query.site);
}

}  // namespace

Model::Page<const ModelSite*> Model::list(const ListSites& query) const {
  if (!good_limit(query.limit)) return {Code::kInvalid, {}, false};
  std::vector<const ModelSite*> rows;
  for (const ModelSite& site : sites_)
    if (fits(query.filter, site) && std::tuple(std::string_view(site.name), std::string_view(site.id)) >
                                        std::tuple(query.after_name, query.after_id))
      rows.push_back(&site);
  std::ranges::sort(rows, [](const ModelSite* a, const ModelSite* b) {
    return std::tie(a->name, a->id) < std::tie(b->name, b->id);
  });
  return page_of(std::move(rows), query.limit);
}

Model::Page<Model::Distant> Model::near(const Near& query) const {
  if (!good_limit(query.limit)) return {Code::kInvalid, {}, false};
  double lat = query.lat, lon = query.lon;
  if (!query.zip.empty()) {
    const auto zip = zip_point(query.zip);
    if (!zip) return {Code::kNotFound, {}, false};
    lat = zip->lat;
    lon = zip->lon;
  } else if (!(lat >= -90 && lat <= 90 && lon >= -180 && lon <= 180)) {
    return {Code::kInvalid, {}, false};
  }
  if (!(query.within_m > 0 && query.within_m <= limits::kNearMetresMax)) return {Code::kInvalid, {}, false};
  std::vector<Distant> rows;
  for (const ModelSite& site : sites_) {
    const auto point = shown_point(site);
    if (!point || !fits(query.filter, site)) continue;
    const double metres = metres_between(lat, lon, point->first, point->second);
    if (metres <= query.within_m) rows.push_back({&site, metres});
  }
  std::ranges::sort(rows, [](const Distant& a, const Distant& b) {
    return std::tie(a.metres, a.site->id) < std::tie(b.metres, b.site->id);
  });
  return page_of(std::move(rows), query.limit);
}

Position Model::complete_after() const { return std::max(dropped(Lane::kShare), dropped(Lane::kExcess)); }

Position Model::removed(const History& query) const {
  Position upto;
  for (const Lane lane : kAllLanes)
    if (shows(query, lane)) upto = std::max(upto, dropped(lane));
  return upto;
}

Model::Page<const ModelEvent*> Model::history(const History& query) const {
  if (!good_limit(query.limit)) return {Code::kInvalid, {}, false};
  std::string site;
  if (query.site) {
    if (query.of == History::Of::kAccess) return {Code::kInvalid, {}, false};
    if (query.site->id.empty() == query.site->name.empty()) return {Code::kInvalid, {}, false};
    const auto at = query.site->id.empty() ? by_name(query.site->name) : by_id(query.site->id);
    if (!at) return {Code::kNotFound, {}, false};
    site = sites_[*at].id;
  }
  std::vector<const ModelEvent*> events;
  for (const Lane lane : kAllLanes)
    for (const ModelEvent& event : events_[lane])
      if (shows(query, lane) && (!query.site || event.site_id == site) &&
          (query.before == Position() || event.position < query.before))
        events.push_back(&event);
  std::ranges::sort(events, [](const ModelEvent* a, const ModelEvent* b) { return older(b, a); });
  auto page = page_of_events(events, query.limit);
  if (page.rows.empty() && removed(query) != Position()) page.code = Code::kTooOld;
  return page;
}

Model::Page<const ModelEvent*> Model::changes(const Changes& query) const {
  if (!good_limit(query.limit)) return {Code::kInvalid, {}, false};
  if (query.since < complete_after()) return {Code::kTooOld, {}, false};
  std::vector<const ModelEvent*> events;
  for (const Lane lane : {Lane::kShare, Lane::kExcess})
    for (const ModelEvent& event : events_[lane])
      if (event.position > query.since) events.push_back(&event);
  std::ranges::sort(events, older);
  return page_of_events(events, query.limit);
}

}  // namespace titer::registry::test
