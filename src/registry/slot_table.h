// SPDX-License-Identifier: Apache-2.0

// A hash table from a key that lies elsewhere to a small number (a slot of the site table, a word of the interner).
//
// Why our own: the keys are already stored in the rows, so an entry is only half of the key's hash and the number:
// 8 bytes. A std or Boost map would keep the key again, or chase it to rehash. Linear probing, removal by shifting
// back, so there are no tombstones and lookups do not get slower with age.
// Equal keys may be inside more than once (a copy in transit has that for moments); erase() names the number.
// Nothing here is ever iterated into a result. One thread.
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "registry/paged.h"

namespace titer::registry {

class SlotTable {
 public:
  // The first number whose hash fits and for which same(number) is true; kNil if there is none.
  template <typename Same>
  [[nodiscard]] std::uint32_t find(std::uint64_t hash, Same&& same) const {
    if (entries_.empty()) return kNil;
    const std::uint32_t tag = tag_of(hash);
    for (std::uint32_t at = home(tag);; at = next(at)) {
      const Entry entry = entries_[at];
      if (entry.slot == kNil) return kNil;
      if (entry.tag == tag && same(entry.slot)) return entry.slot;
    }
  }

  // Hints for a find() that comes soon: first the entry, later (when it has arrived) what it most likely names.
  void prefetch(std::uint64_t hash) const {
    if (!entries_.empty()) __builtin_prefetch(&entries_[home(tag_of(hash))]);
  }
  [[nodiscard]] std::uint32_t likely(std::uint64_t hash) const {
    return find(hash, [](std::uint32_t) { return true; });
  }

  void insert(std::uint64_t hash, std::uint32_t slot) {
    if ((std::uint64_t{size_} + 1) * 5 > std::uint64_t{entries_.size()} * 4) grow();
    place({tag_of(hash), slot});
    ++size_;
  }

  // The pair must be inside.
  void erase(std::uint64_t hash, std::uint32_t slot) {
    std::uint32_t at = home(tag_of(hash));
    while (entries_[at].slot != slot) {
      TITER_CHECK(entries_[at].slot != kNil, "an index has lost an entry");
      at = next(at);
    }
    for (std::uint32_t other = next(at); entries_[other].slot != kNil; other = next(other)) {
      if (distance(home(entries_[other].tag), other) < distance(at, other)) continue;
      entries_[at] = entries_[other];
      at = other;
    }
    entries_[at] = Entry{};
    --size_;
  }

  [[nodiscard]] std::uint32_t size() const { return size_; }
  [[nodiscard]] std::size_t bytes() const { return entries_.size() * sizeof(Entry); }

 private:
  struct Entry {
    std::uint32_t tag = 0;
    std::uint32_t slot = kNil;
  };
  static std::uint32_t tag_of(std::uint64_t hash) { return static_cast<std::uint32_t>(hash >> 32); }
  [[nodiscard]] std::uint32_t room() const { return static_cast<std::uint32_t>(entries_.size()); }
  [[nodiscard]] std::uint32_t home(std::uint32_t tag) const {
    return static_cast<std::uint32_t>(std::uint64_t{tag} * entries_.size() >> 32);
  }
  [[nodiscard]] std::uint32_t next(std::uint32_t at) const { return at + 1 == room() ? 0 : at + 1; }
  // Going round.
  [[nodiscard]] std::uint32_t distance(std::uint32_t from, std::uint32_t to) const {
    return to >= from ? to - from : to + room() - from;
  }

  void place(Entry entry) {
    std::uint32_t at = home(entry.tag);
    while (entries_[at].slot != kNil) at = next(at);
    entries_[at] = entry;
  }
  // By a third: twice as much would leave half of a large table unused. Old and new homes are in the same order, so this
  // goes through both from the beginning to the end.
  void grow() {
    std::vector<Entry> old(std::max<std::size_t>(16, entries_.size() + entries_.size() / 3));
    old.swap(entries_);
    for (const Entry& entry : old) {
      if (entry.slot != kNil) place(entry);
    }
  }

  std::vector<Entry> entries_;  // at most 4/5 in use
  std::uint32_t size_ = 0;
};

}  // namespace titer::registry
