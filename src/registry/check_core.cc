// SPDX-License-Identifier: Apache-2.0

#include "registry/check_core.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "base/hash.h"
#include "registry/fields.h"
#include "registry/naming.h"
#include "registry/store_order.h"
#include "registry/validate.h"

namespace titer::registry {
namespace {

Error broken(std::string what) { return {Code::kInternal, "the registry is inconsistent: " + std::move(what)}; }

template <typename Index, typename Order>
Status check_order(const Index& index, std::size_t expected, const Order& order, const char* what) {
  std::size_t n = 0;
  typename Index::Place last;
  for (typename Index::Place at; !index.end(at); at = index.next(at), ++n) {
    if (n > 0 && !order(index.get(last), index.get(at)))
      return broken(fmt::format("the order by {} is wrong", what));
    last = at;
  }
  if (n != expected || n != index.size()) return broken(fmt::format("the order by {} has not every row", what));
  return ok_status();
}

}  // namespace

Status Store::check_row(std::uint32_t slot) const {
  SiteImage image;
  show(slot, image);
  show_lines(slot, image.site);
  const Site& site = image.site;
  const auto at = [&](const char* what) { return broken(fmt::format("site {}: {}", site.id, what)); };
  if (!is_sound(image)) return at("a field or the order of its stock is not allowed");
  if (find_id(site.id) != slot) return at("not found by its id");
  if (site.status != SiteStatus::kClosed && find_name(site.name) != slot) return at("not found by its name");
  if (site.status != SiteStatus::kClosed && other_owner(*this, site.name, slot) != kNil)
    return at("its name is another site's id");
  for (std::size_t i = 0; i < site.external_ids.size(); ++i) {
    const ExternalId& pair = site.external_ids[i];
    const bool unverified = is_unverified(site, i);
    if (exclusive_system(pair.first) && find_pair(pair, unverified) != slot)
      return at("not found by an external id");
  }
  Site followed = site;
  follow_zip(followed);
  if (followed.point != site.point || followed.lat != site.lat || followed.lon != site.lon) {
    return at("the point does not follow the ZIP");
  }
  if (hot_[slot].lines != site.stock.size()) return at("the number of stock lines is wrong");
  return ok_status();
}

Status Store::check_name_summaries() const {
  NameIndex::Place at;
  for (std::size_t block = 0; block < order_name_.blocks(); ++block) {
    NameSummary summary;
    for (; at.block == block; at = order_name_.next(at)) summary.add(name(order_name_.get(at)));
    if (summary != order_name_.summary(block)) return broken("the summary of some names");
  }
  return ok_status();
}

Status Store::check_orders() const {
  if (auto s = check_name_summaries(); !s) return s;
  if (auto s = check_order(order_name_, slots(), NameOrder{*this}, "name"); !s) return s;
  if (auto s = check_order(order_zip_, slots(), ZipOrder{*this}, "ZIP"); !s) return s;
  if (auto s = check_order(order_state_, slots(), StateOrder{*this}, "state"); !s) return s;
  if (auto s = check_order(order_product_, line_count_, ProductOrder{*this}, "product"); !s) return s;
  std::size_t located = 0;
  for (std::uint32_t slot = 0; slot < slots(); ++slot) located += hot_[slot].point != PointSource::kNone ? 1 : 0;
  for (PlaceIndex::Place at; !order_place_.end(at); at = order_place_.next(at)) {
    const std::uint32_t slot = order_place_.get(at).slot;
    if (slot >= slots() || order_place_.get(at).place() != placed(slot).place())
      return broken("the index of places has a site elsewhere");
  }
  return check_order(order_place_, located, PlaceOrder(), "place");
}

Status Store::check() const {
  std::uint64_t digest = 0;
  std::uint32_t active = 0, named = 0, lines = 0, externals = 0, seldom = 0;
  std::map<std::uint32_t, std::uint32_t> uses;
  std::map<KeyId, std::uint32_t> added;
  for (std::uint32_t slot = 0; slot < slots(); ++slot) {
    if (auto s = check_row(slot); !s) return s;
    const ColdRow& cold = cold_[slot];
    digest += site_digest(slot) + mark_digest(id_hash(slot), hot_[slot].changed);
    active += hot_[slot].status == SiteStatus::kActive ? 1 : 0;
    named += hot_[slot].status != SiteStatus::kClosed ? 1 : 0;
    if (const KeyId key = created_key(slot); key != kNoKey) ++added[key];
    hot_[slot].text.any_external([&](const ExternalId& pair, bool) {
      externals += exclusive_system(pair.first) ? 1 : 0;
      return false;
    });
    seldom += cold.seldom == kNil ? 0 : 1;
    if (cold.seldom != kNil && seldom_[cold.seldom].empty()) return broken("an empty row is kept");
    for (const auto word :
         {cold.city, cold.county, cold.state, cold.provider, cold.created_by, cold.updated_by, cold.created_key}) {
      ++uses[word];
    }
    for (std::uint32_t at = hot_[slot].first_line; at != kNil; at = line(at).next, ++lines) {
      if (line(at).slot != slot) return broken("a stock line belongs to another site");
      digest += line_digest(id_hash(slot), line(at));
      for (const auto word : {line(at).product, line(at).source, line(at).updated_by}) ++uses[word];
    }
  }
  uses.erase(0);
  for (const auto& [word, n] : uses) {
    if (words_.uses(word) != n) return broken("a word is counted wrongly");
  }
  if (seldom + free_seldom_.size() != seldom_.size()) return broken("a row of what few sites have is lost");
  if (digest != digest_) return broken("the digest");
  if (added != added_) return broken("the number of sites that a key has added");
  if (active != active_ || lines != line_count_) return broken("the number of sites or stock lines");
  if (by_id_.size() != slots() || by_name_.size() != named || by_external_.size() != externals) {
    return broken("an index has entries of no site");
  }
  return check_orders();
}

namespace {

Status check_lane(const RegistryCore& core, Lane lane) {
  const EventRing& history = core.history[lane];
  std::map<std::uint32_t, std::uint64_t> last;
  Record record;
  Position position = history.dropped();
  std::size_t n = 0;
  std::uint64_t digest = 0;
  Bytes body;
  for (std::uint64_t at = history.begin(); at < history.end(); at = record.next, ++n) {
    history.read(at, record);
    body.clear();
    history.write_record(at, body);
    digest += hash64(body);
    if (EventLog::lane_of(record) != lane) return broken("an event's lane");
    if (concerns_site(record.event.kind) != (record.slot != kNil)) return broken("an event's site");
    if (record.slot != kNil && record.slot >= core.store.slots()) return broken("an event of no site");
    if (record.event.position < position || record.event.position > core.position) {
      return broken("events are out of order");
    }
    position = record.event.position;
    if (record.slot == kNil) continue;
    const auto before = last.find(record.slot);
    if (record.previous != (before == last.end() ? 0 : before->second)) return broken("a site's chain of events");
    last[record.slot] = at + 1;
  }
  for (const auto& [slot, at] : last) {
    if (core.last_event(slot, lane) != at) return broken("a site's newest event");
  }
  if (n != history.events()) return broken("the number of events");
  if (digest != history.digest()) return broken("the digest of the history");
  return ok_status();
}

Status check_history(const RegistryCore& core) {
  for (const Lane lane : kAllLanes)
    if (auto s = check_lane(core, lane); !s) return s;
  if (!core.history.shares_agree()) return broken("the shares of the history");
  return ok_status();
}

}  // namespace

Status check_core(const RegistryCore& core) {
  if (auto s = core.store.check(); !s) return s;
  if (core.access.digest() != core.access.compute_digest()) return broken("the digest of the keys");
  return check_history(core);
}

}  // namespace titer::registry
