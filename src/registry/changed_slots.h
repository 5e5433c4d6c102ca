// SPDX-License-Identifier: Apache-2.0

// ChangedSlots: which slots changed since they were last taken, for whoever writes the rows down (the tables on disk).
//
// A bit per slot: to mark one that is marked already, which is what a busy site does, costs one look at it. They are
// taken in the order of slots, going round: rows that lie side by side are read, and later written, side by side, and
// none waits longer than one round however busy the others are. Off until switched on: without a disk a mark is one
// untaken branch.
// Names too much rather than too little: a change that was taken back stays marked, and so does a slot that was popped
// and is not there any more. take() leaves the latter out. One thread.
#pragma once

#include <bit>
#include <cstdint>
#include <vector>

#include "registry/paged.h"

namespace titer::registry {

class ChangedSlots {
 public:
  // Begins, or ends and forgets.
  void track(bool on) {
    on_ = on;
    words_.clear();
    size_ = 0;
    next_ = 0;
  }
  void mark(std::uint32_t slot) {
    if (on_) note(slot);
  }
  // The next one, below `slots`, which is not marked any more; kNil: none is left.
  [[nodiscard]] std::uint32_t take(std::uint32_t slots) {
    while (size_ > 0) {
      const std::uint32_t slot = seek();
      words_[slot / 64] &= ~bit(slot);
      --size_;
      next_ = slot + 1;
      if (slot < slots) return slot;
    }
    return kNil;
  }
  [[nodiscard]] std::size_t size() const { return size_; }

 private:
  static std::uint64_t bit(std::uint32_t slot) { return std::uint64_t{1} << slot % 64; }
  void note(std::uint32_t slot) {
    if (slot / 64 >= words_.size()) words_.resize(slot / 64 + 1);
    std::uint64_t& word = words_[slot / 64];
    if ((word & bit(slot)) != 0) return;
    word |= bit(slot);
    ++size_;
  }
  // The first marked slot from next_ on, or from the beginning; there is one.
  [[nodiscard]] std::uint32_t seek() const {
    std::size_t at = next_ / 64;
    std::uint64_t word = at < words_.size() ? words_[at] & ~(bit(next_) - 1) : 0;
    while (word == 0) {
      at = at + 1 < words_.size() ? at + 1 : 0;
      word = words_[at];
    }
    return static_cast<std::uint32_t>(at * 64) + static_cast<std::uint32_t>(std::countr_zero(word));
  }

  bool on_ = false;
  std::vector<std::uint64_t> words_;
  std::size_t size_ = 0;    // marked
  std::uint32_t next_ = 0;  // where the round goes on
};

}  // namespace titer::registry
