// SPDX-License-Identifier: Apache-2.0

// Input: a fuzzer's bytes taken apart into small decisions and pieces.
//
// Everything a target needs beyond raw bytes — a length, a choice — comes from the front of the same bytes, so that a
// mutation of one piece leaves the others alone. At the end everything is 0 and empty.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string_view>
#include <vector>

#include "base/bytes.h"

namespace titer::fuzz {

class Input {
 public:
  Input(const std::uint8_t* data, std::size_t size) : rest_(reinterpret_cast<const std::byte*>(data), size) {}

  [[nodiscard]] bool more() const { return !rest_.empty(); }
  std::uint8_t byte() {
    if (rest_.empty()) return 0;
    const auto b = static_cast<std::uint8_t>(rest_.front());
    rest_ = rest_.subspan(1);
    return b;
  }
  // 0 … n-1.
  std::uint32_t below(std::uint32_t n) { return byte() % n; }
  ByteView take(std::size_t size) {
    const ByteView out = rest_.first(std::min(size, rest_.size()));
    rest_ = rest_.subspan(out.size());
    return out;
  }
  // One with its length in front, two bytes.
  ByteView piece() {
    const std::size_t low = byte();
    return take(low | std::size_t{byte()} << 8U);
  }
  ByteView all() { return take(rest_.size()); }
  std::string_view text() { return as_text(all()); }
  // Where to cut a text: up to seven lengths, each from 1 to `most` (at most 256).
  std::vector<std::size_t> cuts(std::size_t most) {
    std::vector<std::size_t> sizes(below(8));
    for (std::size_t& size : sizes) size = byte() % most + 1;
    return sizes;
  }

 private:
  ByteView rest_;
};

}  // namespace titer::fuzz
