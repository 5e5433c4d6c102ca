// SPDX-License-Identifier: Apache-2.0

#include "formats/degrees.h"

#include <algorithm>
#include <cmath>
#include <string>

#include "base/number.h"
#include "base/text.h"

namespace titer::formats {
namespace {

constexpr double kMostDegrees = 180, kSixty = 60;

// "42 22 30": degrees, minutes and perhaps seconds; the sign is of the whole.
std::optional<double> read_parts(std::string_view text) {
  const bool negative = text.starts_with('-');
  double total = 0, unit = 1;
  int parts = 0;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find(' '), text.size());
    const auto part = parse_number<double>(text.substr(0, end));
    if (!part || (parts > 0 && (*part < 0 || *part >= kSixty)) || ++parts > 3) return std::nullopt;
    total += std::abs(*part) * unit;
    unit /= kSixty;
    text = trim(text.substr(end));
  }
  return parts > 1 ? std::optional(negative ? -total : total) : std::nullopt;
}

}  // namespace

std::optional<double> read_degrees(std::string_view text) {
  std::string plain;
  for (const char c : trim(text)) {
    const bool part = static_cast<unsigned char>(c) >= 0x80 || c == '\'' || c == '"' || c == ' ';
    if (!part) plain.push_back(c == ',' ? '.' : c);
    if (part && !plain.empty() && plain.back() != ' ') plain.push_back(' ');
  }
  std::string_view rest = trim(plain);
  bool negative = false;
  if (!rest.empty()) {
    const char side = to_lower(rest.back());
    negative = side == 's' || side == 'w';
    if (negative || side == 'n' || side == 'e') rest = trim(rest.substr(0, rest.size() - 1));
  }
  if (rest.starts_with('+')) rest.remove_prefix(1);
  std::optional<double> degrees = parse_number<double>(rest);
  if (!degrees) degrees = read_parts(rest);
  if (!degrees || !(std::abs(*degrees) <= kMostDegrees)) return std::nullopt;
  return negative ? -std::abs(*degrees) : *degrees;
}

}  // namespace titer::formats
