// SPDX-License-Identifier: Apache-2.0

// Published: a value that one thread writes and others read whole, without a lock (a sequence lock, after Boehm 2012).
//
// The writer never waits, and a reader only while a write is under way. Values are copied word by word, so small
// ones only. Thread rule: set() on one thread, get() on any.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <type_traits>

namespace titer::host {

template <typename T>
class Published {
  static_assert(std::is_trivially_copyable_v<T>);

 public:
  Published() { set(T{}); }

  void set(const T& value) {
    Words words{};
    std::memcpy(words.data(), &value, sizeof value);
    const std::uint64_t version = version_.load(std::memory_order_relaxed);
    version_.store(version + 1, std::memory_order_relaxed);  // odd: under way; ordered by the stores that follow
    for (std::size_t i = 0; i < kWords; ++i) words_[i].store(words[i], std::memory_order_release);
    version_.store(version + 2, std::memory_order_release);
  }
  [[nodiscard]] T get() const {
    Words words{};
    for (;;) {
      const std::uint64_t before = version_.load(std::memory_order_acquire);
      for (std::size_t i = 0; i < kWords; ++i) words[i] = words_[i].load(std::memory_order_acquire);
      if (before % 2 == 0 && version_.load(std::memory_order_relaxed) == before) break;
    }
    T value;
    std::memcpy(static_cast<void*>(&value), words.data(), sizeof value);
    return value;
  }

 private:
  static constexpr std::size_t kWords = (sizeof(T) + 7) / 8;
  using Words = std::array<std::uint64_t, kWords>;

  alignas(64) std::atomic<std::uint64_t> version_{0};
  std::array<std::atomic<std::uint64_t>, kWords> words_{};
};

}  // namespace titer::host
