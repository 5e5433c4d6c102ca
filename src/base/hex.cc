// SPDX-License-Identifier: Apache-2.0

#include "base/hex.h"

#include <fmt/format.h>

namespace titer {

std::string hex64(std::uint64_t value) { return fmt::format("{:016x}", value); }

std::optional<std::uint64_t> parse_hex64(std::string_view text) {
  if (text.size() != kHex64Digits || !is_hex(text)) return std::nullopt;
  std::uint64_t out = 0;
  for (const char c : text) out = out << 4 | *hex_digit(c);
  return out;
}

bool is_hex(std::string_view text) { return text.find_first_not_of("0123456789abcdef") == std::string_view::npos; }

std::optional<unsigned> hex_digit(char c) {
  if (c >= '0' && c <= '9') return static_cast<unsigned>(c - '0');
  if (c >= 'a' && c <= 'f') return static_cast<unsigned>(c - 'a' + 10);
  if (c >= 'A' && c <= 'F') return static_cast<unsigned>(c - 'A' + 10);
  return std::nullopt;
}

}  // namespace titer
