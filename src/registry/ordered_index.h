// SPDX-License-Identifier: Apache-2.0

// Small numbers kept in the order of keys that lie elsewhere: the ordered index of the registry.
//
// A sorted sequence cut into blocks of at most 256 numbers: about 6 bytes per entry, against 48 of a node-based
// set; an insertion moves at most 1 KiB. The order is a functor given with every call, because it needs the rows.
// Before a row's key changes its number must be taken out, and put in again afterwards.
// Keys must be distinct (ours end with the site's id). One thread.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <memory>
#include <vector>

#include "base/check.h"

namespace titer::registry {

class OrderedIndex {
 public:
  // A place in the sequence; valid until the next insert or erase.
  struct Place {
    std::size_t block = 0;
    std::uint32_t at = 0;
  };

  template <typename Less>
  void insert(std::uint32_t item, const Less& less) {
    Place place;
    if (blocks_.empty()) {
      blocks_.push_back(std::make_unique<Block>());
    } else {
      place = seek([&](std::uint32_t other) { return less(other, item); });
      if (end(place)) place = {blocks_.size() - 1, blocks_.back()->size};
    }
    if (blocks_[place.block]->size == kBlock) place = split(place);
    Block& block = *blocks_[place.block];
    std::copy_backward(block.items.begin() + place.at, block.items.begin() + block.size,
                       block.items.begin() + block.size + 1);
    block.items[place.at] = item;
    ++block.size;
    ++size_;
  }

  // Replaces everything by `items`, which are in order. Blocks are left with some room, or each of the next insertions
  // would split one.
  void assign(const std::vector<std::uint32_t>& items) {
    constexpr std::size_t kFill = kBlock - kBlock / 8;
    blocks_.clear();
    size_ = items.size();
    for (std::size_t from = 0; from < items.size(); from += kFill) {
      Block& block = *blocks_.emplace_back(std::make_unique<Block>());
      block.size = static_cast<std::uint32_t>(std::min(kFill, items.size() - from));
      std::copy_n(items.begin() + static_cast<std::ptrdiff_t>(from), block.size, block.items.begin());
    }
  }

  template <typename Less>
  void erase(std::uint32_t item, const Less& less) {
    const Place place = seek([&](std::uint32_t other) { return less(other, item); });
    TITER_CHECK(!end(place) && get(place) == item, "an ordered index has lost an entry");
    Block& block = *blocks_[place.block];
    std::copy(block.items.begin() + place.at + 1, block.items.begin() + block.size, block.items.begin() + place.at);
    --block.size;
    --size_;
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
  [[nodiscard]] std::uint32_t get(Place place) const { return blocks_[place.block]->items[place.at]; }
  [[nodiscard]] Place next(Place place) const {
    if (++place.at < blocks_[place.block]->size) return place;
    return {place.block + 1, 0};
  }
  [[nodiscard]] std::size_t size() const { return size_; }
  [[nodiscard]] std::size_t bytes() const { return blocks_.size() * (sizeof(Block) + 24); }

 private:
  static constexpr std::uint32_t kBlock = 255;
  struct Block {
    std::uint32_t size = 0;
    std::array<std::uint32_t, kBlock> items;
  };

  // Makes room at a place in a full block. At the very end a fresh block is begun, so that an import in order
  // leaves full blocks behind and not halves.
  Place split(Place place) {
    const auto where = blocks_.begin() + static_cast<std::ptrdiff_t>(place.block) + 1;
    Block& right = **blocks_.insert(where, std::make_unique<Block>());
    if (place.block + 2 == blocks_.size() && place.at == kBlock) return {place.block + 1, 0};
    Block& left = *blocks_[place.block];
    const std::uint32_t half = kBlock / 2;
    std::copy(left.items.begin() + half, left.items.end(), right.items.begin());
    right.size = kBlock - half;
    left.size = half;
    return place.at <= half ? place : Place{place.block + 1, place.at - half};
  }

  std::vector<std::unique_ptr<Block>> blocks_;  // none is empty
  std::size_t size_ = 0;
};

}  // namespace titer::registry
