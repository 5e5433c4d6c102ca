// SPDX-License-Identifier: Apache-2.0

// list, get, near, changed_sites.
#include <fmt/format.h>

#include <array>
#include <cmath>
#include <utility>

#include "base/limits.h"
#include "registry/apply.h"
#include "registry/filter.h"
#include "registry/near_walk.h"
#include "registry/products.h"
#include "registry/query_run.h"
#include "registry/site_walk.h"

namespace titer::registry {
namespace {

Result<ZipPoint> origin(const Near& query) {
  if (!query.zip.empty()) {
    if (const auto point = zip_point(query.zip)) return *point;
    return Error{Code::kNotFound,
                 fmt::format("there is no ZIP code '{}' in the table; give another, or lat and lon",
                             query.zip.substr(0, 16))};
  }
  if (!(std::abs(query.lat) <= 90) || !(std::abs(query.lon) <= 180)) {
    return Error{Code::kInvalid, "lat is from -90 to 90 and lon from -180 to 180 degrees"};
  }
  ZipPoint point;
  point.lat = query.lat;
  point.lon = query.lon;
  return point;
}

}  // namespace

std::string_view name(Along along) {
  static constexpr std::array<std::string_view, kAlongs> kNames = {"names", "text",     "zip",
                                                                   "state", "products", "places"};
  return kNames[static_cast<std::size_t>(along)];
}

Status check_limit(std::uint32_t limit, std::string_view what) {
  if (limit >= 1 && limit <= limits::kPageMax) return ok_status();
  return Error{Code::kInvalid, fmt::format("limit is from 1 to {} {}, not {}", limits::kPageMax, what, limit)};
}

Result<bool> list_sites(const Store& store, const ListSites& query, const State::SiteVisitor& visit,
                        Progress& progress) {
  if (const Status limit = check_limit(query.limit, "rows"); !limit) return limit.error();
  const Filter filter(store, query.filter);
  if (!progress.along) progress.along = plan_walk(store, filter).along;
  progress.looks_along(*progress.along);
  NameCursor after{query.after_name, query.after_id};
  if (progress.begun) after = {progress.name, progress.id};
  SiteWalk walk(store, filter, *progress.along, after);
  Site site;
  for (std::uint32_t slot = walk.next(progress); slot != kNil; slot = walk.next(progress)) {
    progress.spend(filter.cost(slot));
    if (filter.fits(slot)) {
      if (progress.full) return true;
      store.show(slot, site);
      store.show_lines(slot, site);
      progress.full = !visit(site) || ++progress.shown == query.limit;
    }
    if (!progress.goes_on()) break;
  }
  if (!progress.unfinished) return false;
  progress.begun = true;
  progress.name = store.name(walk.last());
  progress.id = store.id(walk.last());
  return false;
}

Result<Site> get_site(const Store& store, const SiteRef& ref) {
  Outcome out;
  const std::uint32_t slot = resolve(store, ref, out);
  if (slot == kNil) return Error{out.code, out.message};
  Site site;
  store.show(slot, site);
  store.show_lines(slot, site);
  return site;
}

// A walk over several steps that lost sites to changes is made again, in a step that no change cuts short: most walks fit into
// one. One that needs several steps is made kPasses times at most. Then fewer sites than wanted may be shown, and `more` is said.
Result<bool> near_sites(const Store& store, const Near& query, const State::NearVisitor& visit,
                        Progress& progress) {
  constexpr std::uint32_t kPasses = 4;
  constexpr std::uint64_t kShownAtOnce = 128;  // so that most answers are of one step
  if (const Status limit = check_limit(query.limit, "rows"); !limit) return limit.error();
  const auto from = origin(query);
  if (!from) return from.error();
  if (!(query.within_m > 0 && query.within_m <= limits::kNearMetresMax))
    return Error{Code::kInvalid, "the distance is above 0 and at most 500 miles (804 km)"};
  const Filter filter(store, query.filter);
  auto& [next, lost, unused] = progress.offsets;
  for (;; progress.near.reset(), ++progress.passes) {
    if (progress.passes > 0) progress.wanted = nullptr;
    if (!progress.near)
      progress.near = std::make_shared<NearWalk>(from->lat, from->lon, query.within_m, query.limit);
    if (!progress.near->go_on(store, filter, progress)) return false;
    if (progress.near->settle(store, filter)) break;
    if (progress.passes + 1 < kPasses) continue;
    lost = 1;
    break;
  }
  const std::vector<NearWalk::Found>& found = progress.near->found();
  Site site;
  while (next < found.size()) {
    if (next > 0 && next % kShownAtOnce == 0 && !progress.goes_on()) return false;
    const auto& [metres, slot] = found[next++];
    progress.spend(1);
    if (!progress.near->holds(store, filter, {metres, slot})) {
      lost = 1;
      continue;
    }
    store.show(slot, site);
    store.show_lines(slot, site);
    if (!visit(site, metres) || ++progress.shown == query.limit) break;
  }
  progress.unfinished = false;
  return next < found.size() || lost != 0;
}

// Passes over all slots, each of them over what changed since the pass before it began, until one is made within a step: that
// one is of one position, and what it does not show is as an earlier one showed it. Each finds less than the one before; the
// last of kPasses is made whatever it costs, so that there is an end.
Result<bool> changed_sites(const Store& store, Position now, Position since, const State::SiteVisitor& visit,
                           Progress& progress) {
  constexpr std::uint32_t kPasses = 4;
  constexpr std::uint32_t kBlocksPerRow = 512;  // that have not changed
  auto& [slot, after, began] = progress.offsets;
  if (!std::exchange(progress.begun, true)) after = since.value;
  Site site;
  for (;; slot = 0, after = began, ++progress.passes) {
    if (slot == 0) began = now.value;
    const bool within_step = slot == 0;
    const bool last = progress.passes + 1 >= kPasses && within_step;
    for (; slot < store.slots(); ++slot) {
      if (!last && slot % Store::kBlock == 0 && !progress.goes_on()) return false;
      const auto at = static_cast<std::uint32_t>(slot);
      if (at % Store::kBlock == 0 && store.newest_in_block(at) <= after) {
        progress.spend(at / Store::kBlock % kBlocksPerRow == 0 ? 1 : 0);
        slot += Store::kBlock - 1;
        continue;
      }
      if (at % Store::kBlock == 0) progress.spend(2);
      if (store.hot(at).changed <= after) continue;
      if (progress.full) return true;
      store.show(at, site);
      store.show_lines(at, site);
      progress.spend(1);
      progress.full = !visit(site);
    }
    progress.unfinished = false;
    if (within_step) return false;
  }
}

}  // namespace titer::registry
