// SPDX-License-Identifier: Apache-2.0

// Numbers as text, for every place that reads one.
//
// Decimal. A whole number has digits alone (010 is 10), a signed one also '-'; a number with a fraction may have an exponent
// (1e3). No '+', no blanks, no separators. Neither infinite nor "nan". A number that does not fit its type is no number.
// Hexadecimal: hex.h. Pure.
#pragma once

#include <charconv>
#include <cmath>
#include <optional>
#include <string_view>
#include <type_traits>

namespace titer {

// The number at the beginning of `text`, which keeps what follows it. nullopt: there is none, and `text` stays as it is.
template <typename Number>
[[nodiscard]] std::optional<Number> take_number(std::string_view& text) {
  static_assert(std::is_arithmetic_v<Number> && !std::is_same_v<Number, bool>);
  Number out{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  if (error != std::errc()) return std::nullopt;
  if constexpr (std::is_floating_point_v<Number>) {
    if (!std::isfinite(out)) return std::nullopt;
  }
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  return out;
}

// `text` as a number; nullopt: it is none, or there is something after it.
template <typename Number>
[[nodiscard]] std::optional<Number> parse_number(std::string_view text) {
  const auto out = take_number<Number>(text);
  return text.empty() ? out : std::nullopt;
}

}  // namespace titer
