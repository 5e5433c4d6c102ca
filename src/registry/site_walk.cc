// SPDX-License-Identifier: Apache-2.0

#include "registry/site_walk.h"

#include <algorithm>

#include "registry/store_order.h"

namespace titer::registry {
namespace {

constexpr std::size_t kBlocksPerRow = 8;  // that are passed over in the time of one row
constexpr std::size_t kBlocksAhead = 8;   // are fetched

using Spot = OrderedIndex<>::Place;

// Does (name, id) of the row come up to the cursor's, or before it?
bool up_to(const Store& store, std::uint32_t slot, NameCursor after) {
  const int names = store.name(slot).compare(after.name);
  return names != 0 ? names < 0 : store.id(slot) <= after.id;
}

// The first item whose key is not before `key`, or is it and comes after the cursor; and the first one of a later key.
// compare(item) tells an item's key from `key`: < 0, 0, > 0.
struct Bounds {
  Spot from, to;
};
template <typename Compare, typename SlotOf>
Bounds bounds_of(const Store& store, const OrderedIndex<>& index, const Compare& compare, const SlotOf& slot_of,
                 NameCursor after) {
  const bool from_start = after.name.empty() && after.id.empty();
  return {index.seek([&](std::uint32_t item) {
            const int order = compare(item);
            return order != 0 ? order < 0 : !from_start && up_to(store, slot_of(item), after);
          }),
          index.seek([&](std::uint32_t item) { return compare(item) <= 0; })};
}

std::uint32_t itself(std::uint32_t slot) { return slot; }

Bounds bounds_of_zip(const Store& store, std::string_view zip, NameCursor after) {
  return bounds_of(
      store, store.by_zip(), [&](std::uint32_t slot) { return store.hot(slot).text.zip().compare(zip); }, itself,
      after);
}

Bounds bounds_of_state(const Store& store, std::string_view state, NameCursor after) {
  return bounds_of(
      store, store.by_state(), [&](std::uint32_t slot) { return store.state(slot).compare(state); }, itself, after);
}

// Of the lines that are available, or of the others.
Bounds bounds_of_product(const Store& store, std::uint32_t product, bool available, NameCursor after) {
  const std::string_view key = store.words().text(product);
  const auto compare = [&](std::uint32_t item) {
    const Line& line = store.line(item);
    const int products = line.product == product ? 0 : store.words().text(line.product).compare(key);
    if (products != 0 || line.available() == available) return products;
    return line.available() ? -1 : 1;
  };
  return bounds_of(
      store, store.by_product(), compare, [&](std::uint32_t item) { return store.line(item).slot; }, after);
}

// Calls visit(product, available) for each run of lines that the filter is about.
template <typename Visit>
void each_run(const Filter& filter, const Visit& visit) {
  for (const std::uint32_t product : filter.products()) {
    visit(product, true);
    if (!filter.asked().available_only) visit(product, false);
  }
}

// Sites in blocks that might have the text; at most about `enough`.
std::uint64_t rows_with_text(const Store& store, const Filter& filter, std::uint64_t enough) {
  const NameIndex& index = store.by_name();
  std::uint64_t rows = 0;
  for (std::size_t block = 0; block < index.blocks() && rows < enough; ++block) {
    index.prefetch(block + kBlocksAhead);
    if (index.summary(block).may_have(filter.text_bits())) rows += index.items_in(block);
  }
  return rows;
}

}  // namespace

WalkPlan plan_walk(const Store& store, const Filter& filter) {
  const SiteFilter& asked = filter.asked();
  WalkPlan best{Along::kNames, store.slots()};
  const auto consider = [&best](Along along, std::uint64_t rows) {
    if (rows < best.rows) best = {along, rows};
  };
  if (!asked.zip.empty()) {
    const Bounds zip = bounds_of_zip(store, asked.zip, {});
    return {Along::kZip, store.by_zip().between(zip.from, zip.to)};
  }
  if (!asked.state.empty()) {
    const Bounds state = bounds_of_state(store, asked.state, {});
    consider(Along::kState, store.by_state().between(state.from, state.to));
  }
  if (!asked.products.empty()) {
    std::uint64_t lines = 0;
    each_run(filter, [&](std::uint32_t product, bool available) {
      const Bounds run = bounds_of_product(store, product, available, {});
      lines += store.by_product().between(run.from, run.to);
    });
    consider(Along::kProducts, lines);
  }
  if (!filter.text_bits().empty()) consider(Along::kText, rows_with_text(store, filter, best.rows));
  return best;
}

SiteWalk::SiteWalk(const Store& store, const Filter& filter, Along along, NameCursor after)
    : store_(store), filter_(filter), along_(along) {
  if (along == Along::kZip) {
    const Bounds zip = bounds_of_zip(store, filter.asked().zip, after);
    add_run(store.by_zip(), zip.from, zip.to);
  } else if (along == Along::kState) {
    const Bounds state = bounds_of_state(store, filter.asked().state, after);
    add_run(store.by_state(), state.from, state.to);
  } else if (along == Along::kProducts) {
    each_run(filter, [&](std::uint32_t product, bool available) {
      const Bounds run = bounds_of_product(store, product, available, after);
      add_run(store.by_product(), run.from, run.to);
    });
  } else if (!after.name.empty() || !after.id.empty()) {
    name_ = store.by_name().seek([&](std::uint32_t slot) { return up_to(store, slot, after); });
  }
}

bool SiteWalk::Later::operator()(const Run& a, const Run& b) const {
  return a.slot != b.slot && compare_names(store, a.slot, b.slot) > 0;
}

void SiteWalk::add_run(const OrderedIndex<>& index, Spot from, Spot to) {
  index_ = &index;
  Run run{from, to};
  if (!step(run)) return;
  runs_.push_back(run);
  std::push_heap(runs_.begin(), runs_.end(), Later{store_});
}

bool SiteWalk::step(Run& run) const {
  if (index_->end(run.at) || run.at == run.end) return false;
  const std::uint32_t item = index_->get(run.at);
  run.slot = along_ == Along::kProducts ? store_.line(item).slot : item;
  run.at = index_->next(run.at);
  return true;
}

std::uint32_t SiteWalk::next_of_runs() {
  while (!runs_.empty()) {
    const std::uint32_t slot = runs_.front().slot;
    if (runs_.size() > 1) std::pop_heap(runs_.begin(), runs_.end(), Later{store_});
    if (!step(runs_.back())) {
      runs_.pop_back();
    } else if (runs_.size() > 1) {
      std::push_heap(runs_.begin(), runs_.end(), Later{store_});
    }
    if (slot != last_) return slot;  // a site with several of the products comes several times, one after the other
  }
  return kNil;
}

std::uint32_t SiteWalk::next_of_names(Progress& progress) {
  const NameIndex& index = store_.by_name();
  while (!index.end(name_)) {
    const bool enters = name_.at == 0 || last_ == kNil;
    if (along_ != Along::kText || !enters || index.summary(name_.block).may_have(filter_.text_bits())) {
      const std::uint32_t slot = index.get(name_);
      name_ = index.next(name_);
      return slot;
    }
    const std::size_t block = name_.block;
    name_ = {block + 1, 0};
    index.prefetch(block + kBlocksAhead);
    if (++passed_ % kBlocksPerRow != 0) continue;
    progress.spend(1);
    if (progress.goes_on()) continue;
    last_ = index.get({block, index.items_in(block) - 1});
    return kNil;
  }
  return kNil;
}

std::uint32_t SiteWalk::next(Progress& progress) {
  const std::uint32_t slot =
      along_ == Along::kNames || along_ == Along::kText ? next_of_names(progress) : next_of_runs();
  if (slot != kNil) last_ = slot;
  return slot;
}

}  // namespace titer::registry
