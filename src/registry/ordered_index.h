// SPDX-License-Identifier: Apache-2.0

// Small items kept in order: the ordered indexes of the registry. An item is a number whose key lies elsewhere, or has its key
// in itself.
//
// A sorted sequence cut into blocks: about 6 bytes per number, against 48 of a node-based set; an insertion moves one block at
// most. The order is a functor given with every call, because it needs the rows. Before a row's key changes its item must be
// taken out, and put in again afterwards. Keys must be distinct (ours end with the site's id).
//
// A block may have a summary of its items, by which a walk sees that none of them is of interest: order.add(item, summary) adds
// one. It is always that of exactly the items that are there.
// One thread.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <memory>
#include <type_traits>
#include <vector>

#include "base/check.h"

namespace titer::registry {

struct NoSummary {};

template <typename Item = std::uint32_t, std::uint32_t kBlock = 255, typename Summary = NoSummary>
class OrderedIndex {
 public:
  // A place in the sequence; valid until the next insert or erase.
  struct Place {
    std::size_t block = 0;
    std::uint32_t at = 0;
    bool operator==(const Place&) const = default;
  };

  template <typename Order>
  void insert(Item item, const Order& order) {
    Place place;
    if (blocks_.empty()) {
      blocks_.push_back(std::make_unique<Block>());
    } else {
      place = seek([&](const Item& other) { return order(other, item); });
      if (end(place)) place = {blocks_.size() - 1, blocks_.back()->size};
    }
    if (blocks_[place.block]->size == kBlock) place = split(place, order);
    Block& block = *blocks_[place.block];
    std::copy_backward(block.items.begin() + place.at, block.items.begin() + block.size,
                       block.items.begin() + block.size + 1);
    block.items[place.at] = item;
    if constexpr (kSums) order.add(item, block.summary);
    ++block.size;
    ++size_;
  }

  // Replaces everything by `items`, which are in order. Blocks are left with some room, or each of the next insertions
  // would split one.
  template <typename Order>
  void assign(const std::vector<Item>& items, const Order& order) {
    constexpr std::size_t kFill = kBlock - kBlock / 8;
    blocks_.clear();
    size_ = items.size();
    for (std::size_t from = 0; from < items.size(); from += kFill) {
      Block& block = *blocks_.emplace_back(std::make_unique<Block>());
      block.size = static_cast<std::uint32_t>(std::min(kFill, items.size() - from));
      std::copy_n(items.begin() + static_cast<std::ptrdiff_t>(from), block.size, block.items.begin());
      sum_up(block, order);
    }
  }

  template <typename Order>
  void erase(Item item, const Order& order) {
    const Place place = seek([&](const Item& other) { return order(other, item); });
    TITER_CHECK(!end(place) && get(place) == item, "an ordered index has lost an entry");
    Block& block = *blocks_[place.block];
    std::copy(block.items.begin() + place.at + 1, block.items.begin() + block.size, block.items.begin() + place.at);
    --block.size;
    --size_;
    sum_up(block, order);
    if (block.size == 0) blocks_.erase(blocks_.begin() + static_cast<std::ptrdiff_t>(place.block));
  }

  // The first item for which before(item) is false; before() must be true for a prefix of the sequence.
  template <typename Before>
  [[nodiscard]] Place seek(const Before& before) const {
    const auto block = std::partition_point(blocks_.begin(), blocks_.end(),
                                            [&](const auto& b) { return before(b->items[b->size - 1]); });
    if (block == blocks_.end()) return {blocks_.size(), 0};
    const auto& items = (*block)->items;
    const auto item = std::partition_point(items.begin(), items.begin() + (*block)->size, before);
    return {static_cast<std::size_t>(block - blocks_.begin()), static_cast<std::uint32_t>(item - items.begin())};
  }
  [[nodiscard]] bool end(Place place) const { return place.block >= blocks_.size(); }
  [[nodiscard]] const Item& get(Place place) const { return blocks_[place.block]->items[place.at]; }
  [[nodiscard]] Place next(Place place) const {
    if (++place.at < blocks_[place.block]->size) return place;
    return {place.block + 1, 0};
  }
  [[nodiscard]] std::size_t size() const { return size_; }
  [[nodiscard]] std::size_t bytes() const { return blocks_.size() * (sizeof(Block) + 24); }
  // How many items lie from one place up to another: exactly within a block, else about so many, as if all blocks were alike.
  [[nodiscard]] std::size_t between(Place from, Place to) const {
    if (to.block <= from.block) return to.block == from.block && to.at > from.at ? to.at - from.at : 0;
    const std::size_t whole = (to.block - from.block - 1) * size_ / blocks_.size();
    return blocks_[from.block]->size - from.at + whole + to.at;
  }

  // --- blocks, for walks that pass over those whose summary tells them to
  [[nodiscard]] std::size_t blocks() const { return blocks_.size(); }
  [[nodiscard]] std::uint32_t items_in(std::size_t block) const { return blocks_[block]->size; }
  [[nodiscard]] const Summary& summary(std::size_t block) const { return blocks_[block]->summary; }
  // A hint that the summary of this block is looked at soon.
  void prefetch(std::size_t block) const {
    if (block >= blocks_.size()) return;
    const char* at = reinterpret_cast<const char*>(&blocks_[block]->summary);
    for (std::size_t line = 0; line < sizeof(Summary); line += 64) __builtin_prefetch(at + line);
  }

 private:
  static constexpr bool kSums = !std::is_empty_v<Summary>;
  struct Block {
    [[no_unique_address]] Summary summary;
    std::uint32_t size = 0;
    std::array<Item, kBlock> items;
  };

  template <typename Order>
  static void sum_up(Block& block, const Order& order) {
    if constexpr (kSums) {
      block.summary = {};
      for (std::uint32_t i = 0; i < block.size; ++i) order.add(block.items[i], block.summary);
    }
  }

  // Makes room at a place in a full block. At the very end a fresh block is begun, so that an import in order
  // leaves full blocks behind and not halves.
  template <typename Order>
  Place split(Place place, const Order& order) {
    const auto where = blocks_.begin() + static_cast<std::ptrdiff_t>(place.block) + 1;
    Block& right = **blocks_.insert(where, std::make_unique<Block>());
    if (place.block + 2 == blocks_.size() && place.at == kBlock) return {place.block + 1, 0};
    Block& left = *blocks_[place.block];
    const std::uint32_t half = kBlock / 2;
    std::copy(left.items.begin() + half, left.items.end(), right.items.begin());
    right.size = kBlock - half;
    left.size = half;
    sum_up(left, order);
    sum_up(right, order);
    return place.at <= half ? place : Place{place.block + 1, place.at - half};
  }

  std::vector<std::unique_ptr<Block>> blocks_;  // none is empty
  std::size_t size_ = 0;
};

}  // namespace titer::registry
