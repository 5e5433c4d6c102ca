// SPDX-License-Identifier: Apache-2.0

// list, get, near, changed_sites.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "base/limits.h"
#include "registry/apply.h"
#include "registry/filter.h"
#include "registry/near_walk.h"
#include "registry/products.h"
#include "registry/query_run.h"
#include "registry/store_order.h"

namespace titer::registry {
namespace {

// Does (name, id) of the row come up to the cursor's, or before it?
bool up_to(const Store& store, std::uint32_t slot, const ListSites& query) {
  const int names = store.name(slot).compare(query.after_name);
  return names != 0 ? names < 0 : store.id(slot) <= query.after_id;
}

// A walk over one ordered index from the cursor on.
struct Walk {
  const OrderedIndex& index;
  OrderedIndex::Place place;
};

// Shows rows while `next()` gives slots (kNil: the end).
template <typename Next>
bool show_rows(const Store& store, const Filter& filter, const Next& next, const ListSites& query,
               const State::SiteVisitor& visit, Progress& progress) {
  Site site;
  for (std::uint32_t slot = next(); slot != kNil; slot = next()) {
    if (filter.fits(slot)) {
      if (progress.full) return true;
      store.show(slot, site);
      store.show_lines(slot, site);
      progress.full = !visit(site) || ++progress.shown == query.limit;
    }
    progress.spend(filter.cost(slot));
    if (progress.goes_on()) continue;
    progress.begun = true;
    progress.name = store.name(slot);
    progress.id = store.id(slot);
    return false;
  }
  return false;
}

// Likewise while `slot_of(item)` gives slots.
template <typename SlotOf>
bool show_page(const Store& store, Walk walk, const SlotOf& slot_of, const ListSites& query,
               const State::SiteVisitor& visit, Progress& progress) {
  const auto next = [&]() -> std::uint32_t {
    if (walk.index.end(walk.place)) return kNil;
    const std::uint32_t slot = slot_of(walk.index.get(walk.place));
    walk.place = walk.index.next(walk.place);
    return slot;
  };
  return show_rows(store, Filter(store, query.filter), next, query, visit, progress);
}

bool list_by_zip(const Store& store, const ListSites& query, const State::SiteVisitor& visit, Progress& progress) {
  const std::string_view key = query.filter.zip;
  const OrderedIndex& index = store.by_zip();
  const auto place = index.seek([&](std::uint32_t slot) {
    const int zips = store.hot(slot).text.zip().compare(key);
    return zips != 0 ? zips < 0 : up_to(store, slot, query);
  });
  const auto slot_of = [&](std::uint32_t slot) { return store.hot(slot).text.zip() == key ? slot : kNil; };
  return show_page(store, {index, place}, slot_of, query, visit, progress);
}

bool list_by_state(const Store& store, const ListSites& query, const State::SiteVisitor& visit,
                   Progress& progress) {
  const std::string_view key = query.filter.state;
  const OrderedIndex& index = store.by_state();
  const auto place = index.seek([&](std::uint32_t slot) {
    const int states = store.state(slot).compare(key);
    return states != 0 ? states < 0 : up_to(store, slot, query);
  });
  const auto slot_of = [&](std::uint32_t slot) { return store.state(slot) == key ? slot : kNil; };
  return show_page(store, {index, place}, slot_of, query, visit, progress);
}

// The sites of several products, each once, in the order of names: the heads of the products' walks are merged.
class ProductsWalk {
 public:
  ProductsWalk(const Store& store, const std::vector<std::uint32_t>& products, const ListSites& query)
      : store_(store) {
    for (const std::uint32_t product : products) {
      const std::string_view key = store.words().text(product);
      const auto place = store.by_product().seek([&](std::uint32_t line) {
        const int order = store.product(line).compare(key);
        return order != 0 ? order < 0 : up_to(store, store.line(line).slot, query);
      });
      heads_.push_back({product, place, kNil});
      heads_.back().slot = slot_at(heads_.back());
    }
  }

  // kNil: the end.
  std::uint32_t next() {
    std::uint32_t first = kNil;
    for (const Head& head : heads_)
      if (head.slot != kNil && (first == kNil || before(head.slot, first))) first = head.slot;
    for (Head& head : heads_) {
      if (head.slot != first || first == kNil) continue;
      head.place = store_.by_product().next(head.place);
      head.slot = slot_at(head);
    }
    return first;
  }

 private:
  struct Head {
    std::uint32_t product;  // a word
    OrderedIndex::Place place;
    std::uint32_t slot;
  };
  [[nodiscard]] std::uint32_t slot_at(const Head& head) const {
    if (store_.by_product().end(head.place)) return kNil;
    const Line& line = store_.line(store_.by_product().get(head.place));
    return line.product == head.product ? line.slot : kNil;
  }
  [[nodiscard]] bool before(std::uint32_t a, std::uint32_t b) const {
    const int names = store_.name(a).compare(store_.name(b));
    return names != 0 ? names < 0 : store_.id(a) < store_.id(b);
  }

  const Store& store_;
  std::vector<Head> heads_;
};

bool list_by_products(const Store& store, const ListSites& query, const State::SiteVisitor& visit,
                      Progress& progress) {
  const Filter filter(store, query.filter);
  ProductsWalk walk(store, filter.products(), query);
  progress.spend(static_cast<std::uint32_t>(filter.products().size()));
  return show_rows(
      store, filter, [&walk] { return walk.next(); }, query, visit, progress);
}

bool list_by_name(const Store& store, const ListSites& query, const State::SiteVisitor& visit, Progress& progress) {
  const OrderedIndex& index = store.by_name();
  const auto place = index.seek([&](std::uint32_t slot) { return up_to(store, slot, query); });
  return show_page(
      store, {index, place}, [](std::uint32_t slot) { return slot; }, query, visit, progress);
}

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

Status check_limit(std::uint32_t limit, std::string_view what) {
  if (limit >= 1 && limit <= limits::kPageMax) return ok_status();
  return Error{Code::kInvalid, fmt::format("limit is from 1 to {} {}, not {}", limits::kPageMax, what, limit)};
}

Result<bool> list_sites(const Store& store, const ListSites& query, const State::SiteVisitor& visit,
                        Progress& progress) {
  if (const Status limit = check_limit(query.limit, "rows"); !limit) return limit.error();
  ListSites rest = query;
  if (progress.begun) {
    rest.after_name = progress.name;
    rest.after_id = progress.id;
  }
  const SiteFilter& filter = rest.filter;
  if (!filter.zip.empty()) return list_by_zip(store, rest, visit, progress);
  if (!filter.products.empty() && filter.state.empty()) return list_by_products(store, rest, visit, progress);
  if (!filter.state.empty()) return list_by_state(store, rest, visit, progress);
  return list_by_name(store, rest, visit, progress);
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

Result<bool> near_sites(const Store& store, const Near& query, const State::NearVisitor& visit,
                        Progress& progress) {
  if (const Status limit = check_limit(query.limit, "rows"); !limit) return limit.error();
  const auto from = origin(query);
  if (!from) return from.error();
  if (!(query.within_m > 0 && query.within_m <= limits::kNearMetresMax))
    return Error{Code::kInvalid, "the distance is above 0 and at most 500 miles (804 km)"};
  const Filter filter(store, query.filter);
  if (!progress.near) progress.near = std::make_shared<NearWalk>(from->lat, from->lon, query.within_m, query.limit);
  if (!progress.near->go_on(store, filter, progress)) return false;
  const std::vector<NearWalk::Found>& found = progress.near->settle(store, filter);
  std::uint64_t& next = progress.offsets[0];
  Site site;
  while (next < found.size()) {
    if (!progress.goes_on()) return false;
    const auto& [metres, slot] = found[next++];
    progress.spend(1);
    if (!progress.near->holds(store, filter, {metres, slot})) continue;
    store.show(slot, site);
    store.show_lines(slot, site);
    if (!visit(site, metres) || ++progress.shown == query.limit) break;
  }
  return next < found.size();
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
