// SPDX-License-Identifier: Apache-2.0

// A growing array in pages: elements never move and growth never copies.
//
// Why not std::vector: doubling would hold up to three times the memory of a large table for a moment, and moving
// a row would break the views shown. Pages cost one more (cached) load per access.
// One thread. Limit: 2^32 - 1 elements.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "base/check.h"

namespace titer::registry {

inline constexpr std::uint32_t kNil = 0xFFFF'FFFF;  // no slot, no line, no word

template <typename T>
class Paged {
 public:
  [[nodiscard]] std::uint32_t size() const { return size_; }
  [[nodiscard]] T& operator[](std::uint32_t i) { return pages_[i / kPage][i % kPage]; }
  [[nodiscard]] const T& operator[](std::uint32_t i) const { return pages_[i / kPage][i % kPage]; }

  // A new element at the end, value-initialized or as the last pop() of that place left it.
  std::uint32_t push() {
    TITER_CHECK(size_ < kNil, "the table is full");
    if (size_ == pages_.size() * kPage) pages_.push_back(std::make_unique<T[]>(kPage));
    return size_++;
  }
  void pop() {
    --size_;
    (*this)[size_] = T{};
  }
  [[nodiscard]] std::size_t bytes() const { return pages_.size() * (kPage * sizeof(T) + sizeof(void*)); }

 private:
  static constexpr std::uint32_t kPage = 256;
  std::vector<std::unique_ptr<T[]>> pages_;
  std::uint32_t size_ = 0;
};

}  // namespace titer::registry
