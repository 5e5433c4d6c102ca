// ChangedSlots: which slots changed since they were last taken, for whoever writes the rows down (the tables on disk).
//
// A bit per slot and a list in the order of the first change: marking a slot that is marked already, which is what a
// busy site does, costs one look at a bit, and taking needs no scan. Off until switched on: without a disk a mark is
// one untaken branch.
// Names too much rather than too little: a change that was taken back stays marked, and so does a slot that was popped
// and is not there any more. take() leaves the latter out. One thread.
#pragma once

#include <cstdint>
#include <deque>
#include <vector>

#include "registry/paged.h"

namespace titer::registry {

class ChangedSlots {
 public:
  // Begins, or ends and forgets.
  void track(bool on) {
    on_ = on;
    bits_.clear();
    order_.clear();
  }
  void mark(std::uint32_t slot) {
    if (on_) note(slot);
  }
  // The one that waits longest, below `slots`, which is not marked any more; kNil: none is left.
  [[nodiscard]] std::uint32_t take(std::uint32_t slots) {
    while (!order_.empty()) {
      const std::uint32_t slot = order_.front();
      order_.pop_front();
      bits_[slot / 64] &= ~bit(slot);
      if (slot < slots) return slot;
    }
    return kNil;
  }
  [[nodiscard]] std::size_t size() const { return order_.size(); }

 private:
  static std::uint64_t bit(std::uint32_t slot) { return std::uint64_t{1} << slot % 64; }
  void note(std::uint32_t slot) {
    const std::size_t word = slot / 64;
    if (word >= bits_.size()) bits_.resize(word + 1);
    if ((bits_[word] & bit(slot)) != 0) return;
    bits_[word] |= bit(slot);
    order_.push_back(slot);
  }

  bool on_ = false;
  std::vector<std::uint64_t> bits_;
  std::deque<std::uint32_t> order_;
};

}  // namespace titer::registry
