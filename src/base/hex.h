// SPDX-License-Identifier: Apache-2.0

// Hexadecimal texts: how 64-bit identifiers, digests and secrets are written. Small letters alone are written; they are
// what the readers take, too, except hex_digit(). Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace titer {

inline constexpr std::size_t kHex64Digits = 16;

// Always 16 digits: "000000000000002a". As a JSON number it would lose bits in most readers.
[[nodiscard]] std::string hex64(std::uint64_t value);
// As hex64() writes it, and nothing else.
[[nodiscard]] std::optional<std::uint64_t> parse_hex64(std::string_view text);

// Hexadecimal digits alone; also when there are none.
[[nodiscard]] bool is_hex(std::string_view text);
// The value of one digit; capital letters too.
[[nodiscard]] std::optional<unsigned> hex_digit(char c);

}  // namespace titer
