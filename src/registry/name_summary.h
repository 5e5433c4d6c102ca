// SPDX-License-Identifier: Apache-2.0

// NameSummary: which groups of three letters occur in the names of some sites; by it a search for a part of a name passes over
// whole blocks of the index of names.
//
// A Bloom filter of 1,024 bits with one bit per group of three, letters' case ignored. Names that stand side by side in their
// order begin alike, so a block of 64 has few different groups: it names a block too much now and then, and never one too few. It takes
// three bytes per site. An index of groups with the sites of each would take thirty.
// Pure.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>
#include <vector>

#include "base/text.h"

namespace titer::registry {

class NameSummary {
 public:
  static constexpr std::uint32_t kBits = 1024;

  void add(std::string_view name) {
    each_group(name, [this](std::uint32_t bit) { bits_[bit / 64] |= std::uint64_t{1} << bit % 64; });
  }
  // Might a name have all of these?
  [[nodiscard]] bool may_have(const std::vector<std::uint32_t>& bits) const {
    for (const std::uint32_t bit : bits)
      if ((bits_[bit / 64] >> bit % 64 & 1) == 0) return false;
    return true;
  }
  // Those of a text; none if it is too short to have a group.
  [[nodiscard]] static std::vector<std::uint32_t> bits_of(std::string_view text) {
    std::vector<std::uint32_t> bits;
    each_group(text, [&bits](std::uint32_t bit) { bits.push_back(bit); });
    return bits;
  }
  bool operator==(const NameSummary&) const = default;

 private:
  template <typename Visit>
  static void each_group(std::string_view text, const Visit& visit) {
    std::uint32_t group = 0;
    for (std::size_t i = 0; i < text.size(); ++i) {
      group = (group << 8 | static_cast<std::uint8_t>(to_lower(text[i]))) & 0xFF'FFFF;
      if (i >= 2) visit(group * 0x9E37'79B1U >> 22);
    }
  }

  std::array<std::uint64_t, kBits / 64> bits_{};
};
static_assert(NameSummary::kBits == 1U << (32 - 22));

}  // namespace titer::registry
