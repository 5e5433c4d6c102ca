// SPDX-License-Identifier: Apache-2.0

// A hash table from a key that lies elsewhere to a small number (a slot of the site table, a word of the interner).
//
// Why our own: the keys are already stored in the rows, so an entry is only half of the key's hash and the number:
// 8 bytes. A std or Boost map would keep the key again, or chase it to rehash. Linear probing, removal by shifting
// back, so there are no tombstones and lookups do not get slower with age.
// Equal keys may be inside more than once (a copy in transit has that for moments); erase() names the number.
// Nothing here is ever iterated into a result. One thread.
#pragma once

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
    for (std::uint32_t at = tag & mask_;; at = (at + 1) & mask_) {
      const Entry entry = entries_[at];
      if (entry.slot == kNil) return kNil;
      if (entry.tag == tag && same(entry.slot)) return entry.slot;
    }
  }

  // Hints for a find() that comes soon: first the entry, later (when it has arrived) what it most likely names.
  void prefetch(std::uint64_t hash) const {
    if (!entries_.empty()) __builtin_prefetch(&entries_[tag_of(hash) & mask_]);
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
    std::uint32_t at = tag_of(hash) & mask_;
    while (entries_[at].slot != slot) {
      TITER_CHECK(entries_[at].slot != kNil, "an index has lost an entry");
      at = (at + 1) & mask_;
    }
    for (std::uint32_t next = (at + 1) & mask_; entries_[next].slot != kNil; next = (next + 1) & mask_) {
      const std::uint32_t home = entries_[next].tag & mask_;
      if (((next - home) & mask_) >= ((next - at) & mask_)) {
        entries_[at] = entries_[next];
        at = next;
      }
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

  void place(Entry entry) {
    std::uint32_t at = entry.tag & mask_;
    while (entries_[at].slot != kNil) at = (at + 1) & mask_;
    entries_[at] = entry;
  }
  void grow() {
    std::vector<Entry> old(entries_.empty() ? 16 : entries_.size() * 2);
    old.swap(entries_);
    mask_ = static_cast<std::uint32_t>(entries_.size() - 1);
    for (const Entry& entry : old) {
      if (entry.slot != kNil) place(entry);
    }
  }

  std::vector<Entry> entries_;  // a power of two of them, at most 4/5 in use
  std::uint32_t mask_ = 0;
  std::uint32_t size_ = 0;
};

}  // namespace titer::registry
