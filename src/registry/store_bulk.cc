// SPDX-License-Identifier: Apache-2.0

// The end of a bulk: the ordered indexes, made from all rows at once.
//
// Names are the expensive part: they lie all over the memory and many begin alike. They are compared once, eight bytes
// at a time next to their slots, deeper only where those are equal. Every other order is by something short first and
// by name second, so a stable sort of the slots in the order of names needs no name any more.

#include <algorithm>
#include <span>
#include <vector>

#include "registry/store_order.h"

namespace titer::registry {
namespace {

struct Keyed {
  std::uint64_t key;
  std::uint32_t item;  // a slot, or a line
};
bool by_key(const Keyed& a, const Keyed& b) { return a.key < b.key; }

// Eight bytes from `at` on as a number that sorts as they do; 0 behind the end, a byte that no text has.
std::uint64_t eight_bytes(std::string_view text, std::size_t at) {
  std::uint64_t v = 0;
  for (std::size_t i = at; i < at + 8; ++i)
    v = v << 8 | (i < text.size() ? static_cast<std::uint8_t>(text[i]) : 0U);
  return v;
}

// Sorts slots whose names are equal up to `at`, by (name, id).
void sort_by_name(const Store& store, std::span<Keyed> slots, std::size_t at) {
  constexpr std::size_t kFew = 8;  // not worth another round
  for (Keyed& k : slots) k.key = eight_bytes(store.name(k.item), at);
  std::sort(slots.begin(), slots.end(), by_key);
  for (std::size_t from = 0, to = 0; from < slots.size(); from = to) {
    while (to < slots.size() && slots[to].key == slots[from].key) ++to;
    const std::span<Keyed> equal = slots.subspan(from, to - from);
    const bool ended = (equal[0].key & 0xFF) == 0;  // the whole names are equal; their ids are not
    if (equal.size() > kFew && !ended) {
      sort_by_name(store, equal, at + 8);
    } else if (equal.size() > 1) {
      std::sort(equal.begin(), equal.end(),
                [&](const Keyed& a, const Keyed& b) { return compare_names(store, a.item, b.item) < 0; });
    }
  }
}

std::vector<std::uint32_t> items_of(const std::vector<Keyed>& keyed) {
  std::vector<std::uint32_t> items(keyed.size());
  std::transform(keyed.begin(), keyed.end(), items.begin(), [](const Keyed& k) { return k.item; });
  return items;
}

// The items, which are in the order of names, by `key` first.
template <typename Key>
std::vector<std::uint32_t> sorted_by(const std::vector<std::uint32_t>& in_names, const Key& key) {
  std::vector<Keyed> keyed;
  keyed.reserve(in_names.size());
  for (const std::uint32_t item : in_names) keyed.push_back({key(item), item});
  std::stable_sort(keyed.begin(), keyed.end(), by_key);
  return items_of(keyed);
}

// By word: its place among the products in use.
std::vector<std::uint32_t> rank_products(const Store& store, const std::vector<std::uint32_t>& lines) {
  std::vector<std::uint32_t> rank(store.words().size());
  for (const std::uint32_t line : lines) rank[store.line(line).product] = 1;
  std::vector<std::uint32_t> words;
  for (std::uint32_t word = 0; word < rank.size(); ++word) {
    if (rank[word] != 0) words.push_back(word);
  }
  const auto text = [&](std::uint32_t word) { return store.words().text(word); };
  std::sort(words.begin(), words.end(), [&](std::uint32_t a, std::uint32_t b) { return text(a) < text(b); });
  for (std::uint32_t i = 0; i < words.size(); ++i) rank[words[i]] = i;
  return rank;
}

}  // namespace

void Store::finish_bulk() {
  bulk_ = false;
  std::vector<Keyed> keyed(slots());
  for (std::uint32_t slot = 0; slot < slots(); ++slot) keyed[slot].item = slot;
  sort_by_name(*this, keyed, 0);
  const std::vector<std::uint32_t> names = items_of(keyed);
  order_name_.assign(names, NameOrder{*this});
  order_zip_.assign(sorted_by(names, [&](std::uint32_t slot) { return eight_bytes(hot_[slot].text.zip(), 0); }),
                    ZipOrder{*this});
  order_state_.assign(sorted_by(names, [&](std::uint32_t slot) { return eight_bytes(state(slot), 0); }),
                      StateOrder{*this});

  std::vector<std::uint32_t> lines;
  lines.reserve(line_count_);
  for (const std::uint32_t slot : names) {
    for (std::uint32_t at = hot_[slot].first_line; at != kNil; at = line(at).next) lines.push_back(at);
  }
  const std::vector<std::uint32_t> rank = rank_products(*this, lines);
  const auto run = [&](std::uint32_t at) { return 2 * rank[line(at).product] + (line(at).available() ? 0U : 1U); };
  order_product_.assign(sorted_by(lines, run), ProductOrder{*this});

  std::vector<Placed> located;
  for (std::uint32_t slot = 0; slot < slots(); ++slot) {
    if (hot_[slot].point != PointSource::kNone) located.push_back(placed(slot));
  }
  std::sort(located.begin(), located.end(), PlaceOrder());
  order_place_.assign(located, PlaceOrder());
}

}  // namespace titer::registry
