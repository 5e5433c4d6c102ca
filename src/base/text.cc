// SPDX-License-Identifier: Apache-2.0

#include "base/text.h"

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <utility>

namespace titer {

char32_t code_point(std::string_view sequence) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(sequence[i]); };
  if (sequence.size() == 1) return byte(0);
  char32_t point = byte(0) & (0x7F >> sequence.size());
  for (std::size_t i = 1; i < sequence.size(); ++i) point = (point << 6) | (byte(i) & 0x3F);
  return point;
}

namespace {

Unwanted unwanted(char32_t c) {
  if (c < 0x20 || (c >= 0x7F && c <= 0x9F) || c == 0x2028 || c == 0x2029) return Unwanted::kControl;
  if ((c >= 0x202A && c <= 0x202E) || (c >= 0x2066 && c <= 0x2069)) return Unwanted::kDirection;
  return Unwanted::kNone;
}

bool misleads(char32_t c) {
  return unwanted(c) != Unwanted::kNone || c == 0x061C || c == 0x200E || c == 0x200F || c == 0xFEFF;
}

// White space and default-ignorable code points of Unicode 15, and letters that are drawn as nothing.
bool invisible(char32_t c) {
  static constexpr std::pair<char32_t, char32_t> kRanges[] = {
      {0x0000, 0x0020},   {0x007F, 0x00A0},  {0x00AD, 0x00AD}, {0x034F, 0x034F}, {0x061C, 0x061C},
      {0x115F, 0x1160},   {0x1680, 0x1680},  {0x17B4, 0x17B5}, {0x180B, 0x180F}, {0x2000, 0x200F},
      {0x2028, 0x202F},   {0x205F, 0x206F},  {0x2800, 0x2800}, {0x3000, 0x3000}, {0x3164, 0x3164},
      {0xFE00, 0xFE0F},   {0xFEFF, 0xFEFF},  {0xFFA0, 0xFFA0}, {0xFFF0, 0xFFFB}, {0x1BCA0, 0x1BCA3},
      {0x1D173, 0x1D17A}, {0xE0000, 0xE0FFF}};
  return std::ranges::any_of(kRanges, [&](const auto& range) { return c >= range.first && c <= range.second; });
}

// Whether `every` holds for each character; false: it is no UTF-8.
template <typename Every>
bool each_character(std::string_view text, Every every) {
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t n = utf8_sequence(text, at);
    if (n == 0 || !every(code_point(text.substr(at, n)))) return false;
    at += n;
  }
  return true;
}

void append_hex(std::string& out, char32_t value, int digits) {
  for (int i = digits - 1; i >= 0; --i) out += "0123456789abcdef"[(value >> (4 * i)) & 0xF];
}

void append_escaped(std::string& out, char32_t c) {
  if (c == '\n') {
    out += "\\n";
  } else if (c < 0x100) {
    out += "\\x";
    append_hex(out, c, 2);
  } else {
    out += "\\u";
    append_hex(out, c, 4);
  }
}

}  // namespace

std::size_t utf8_sequence(std::string_view text, std::size_t at) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[at + i]); };
  const unsigned char lead = byte(0);
  if (lead < 0x80) return 1;
  const std::size_t n = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
  if (lead < 0xC2 || lead > 0xF4 || n > text.size() - at) return 0;
  for (std::size_t i = 1; i < n; ++i)
    if ((byte(i) & 0xC0) != 0x80) return 0;
  if ((lead == 0xE0 && byte(1) < 0xA0) || (lead == 0xED && byte(1) > 0x9F)) return 0;
  if ((lead == 0xF0 && byte(1) < 0x90) || (lead == 0xF4 && byte(1) > 0x8F)) return 0;
  return n;
}

bool is_utf8(std::string_view text) {
  return is_plain(text) || each_character(text, [](char32_t) { return true; });
}

Unwanted unwanted(std::string_view sequence) { return unwanted(code_point(sequence)); }

bool misleads(std::string_view sequence) { return misleads(code_point(sequence)); }

bool is_plain(std::string_view text) {
  constexpr std::uint64_t kHigh = 0x8080'8080'8080'8080, kOnes = 0x0101'0101'0101'0101;
  std::size_t i = 0;
  for (; i + 8 <= text.size(); i += 8) {
    std::uint64_t v = 0;
    std::memcpy(&v, text.data() + i, 8);
    // A byte below 0x20 borrows into its top bit; one of 0x7f carries into it.
    if (((v | (v - kOnes * 0x20) | (v + kOnes)) & kHigh) != 0) return false;
  }
  const auto plain = [](char c) { return c >= 0x20 && static_cast<unsigned char>(c) < 0x7F; };
  return std::all_of(text.begin() + static_cast<std::ptrdiff_t>(i), text.end(), plain);
}

bool is_clean(std::string_view text) {
  return is_plain(text) || each_character(text, [](char32_t c) { return unwanted(c) == Unwanted::kNone; });
}

bool is_blank(std::string_view text) { return each_character(text, invisible); }

std::string printable(std::string_view text, std::size_t bytes_max) {
  if (text.size() <= bytes_max && is_plain(text)) return std::string(text);
  std::string out;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t n = utf8_sequence(text, at);
    if (at + std::max<std::size_t>(n, 1) > bytes_max) {
      out += "\xE2\x80\xA6";  // …
      break;
    }
    const char32_t c = n == 0 ? static_cast<unsigned char>(text[at]) : code_point(text.substr(at, n));
    if (n == 0 || misleads(c))
      append_escaped(out, c);
    else
      out += text.substr(at, n);
    at += std::max<std::size_t>(n, 1);
  }
  return out;
}

std::string_view trim(std::string_view text) {
  constexpr std::string_view kBlanks = " \t\r\n";
  const std::size_t first = text.find_first_not_of(kBlanks);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kBlanks) - first + 1);
}

bool all_digits(std::string_view text) {
  return !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
}

bool same_ignoring_case(std::string_view a, std::string_view b) {
  return a.size() == b.size() &&
         std::equal(a.begin(), a.end(), b.begin(), [](char x, char y) { return to_lower(x) == to_lower(y); });
}

}  // namespace titer
