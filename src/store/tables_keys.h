// SPDX-License-Identifier: Apache-2.0

// The keys of the tables' rows. Big-endian, so that a database's order of keys is that of the numbers. Pure.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

#include "base/bytes.h"
#include "base/ids.h"
#include "base/limits.h"
#include "registry/lane.h"

namespace titer::store {

// Of family kMeta.
inline constexpr std::string_view kIdentityKey = "identity";
inline constexpr std::string_view kHeadKey = "head";
inline constexpr std::string_view kAccessKey = "access";  // absent: there never were keys

template <typename T>
class Key {
 public:
  explicit Key(T v) {
    for (std::size_t i = sizeof v; i > 0; --i, v = static_cast<T>(v >> 8))
      bytes_[i - 1] = static_cast<std::byte>(v & 0xFF);
  }
  [[nodiscard]] ByteView bytes() const { return bytes_; }

 private:
  std::array<std::byte, sizeof(T)> bytes_;
};
using SlotKey = Key<std::uint32_t>;
using NumberKey = Key<std::uint64_t>;  // of a session, of a position

// The number that is a key; nothing: it is longer than any.
[[nodiscard]] inline std::optional<std::uint64_t> number_of(ByteView key) {
  if (key.size() > sizeof(std::uint64_t)) return std::nullopt;
  std::uint64_t v = 0;
  for (const std::byte b : key) v = v << 8 | static_cast<std::uint64_t>(b);
  return v;
}

// Of a block of events: its lane in the two highest bits, which no position reaches (kCounterMax), and its first position.
// So the blocks of a lane lie side by side, and are loaded in the order of their positions.
inline constexpr unsigned kLaneShift = 62;
static_assert(limits::kCounterMax <= std::uint64_t{1} << kLaneShift && registry::kLanes <= 4);
[[nodiscard]] inline NumberKey block_key(registry::Lane lane, Position first) {
  return NumberKey(static_cast<std::uint64_t>(lane) << kLaneShift | first.value);
}
[[nodiscard]] inline registry::Lane lane_of_block(std::uint64_t key) {
  return static_cast<registry::Lane>(key >> kLaneShift);
}
[[nodiscard]] inline Position first_of_block(std::uint64_t key) {
  return Position(key & ((std::uint64_t{1} << kLaneShift) - 1));
}

}  // namespace titer::store
