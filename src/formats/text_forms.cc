// SPDX-License-Identifier: Apache-2.0

// Encodings and ways of writing that files mix: what text.h says of them.

#include <algorithm>
#include <array>
#include <cstdint>

#include "formats/text.h"

namespace titer::formats {
namespace {

// Of the bytes 0x80 to 0x9F; 0: the encoding does not use the byte. All other bytes are the characters of their number.
constexpr std::array<std::uint16_t, 32> kWindows1252 = {
    0x20AC, 0,      0x201A, 0x0192, 0x201E, 0x2026, 0x2020, 0x2021, 0x02C6, 0x2030, 0x0160,
    0x2039, 0x0152, 0,      0x017D, 0,      0,      0x2018, 0x2019, 0x201C, 0x201D, 0x2022,
    0x2013, 0x2014, 0x02DC, 0x2122, 0x0161, 0x203A, 0x0153, 0,      0x017E, 0x0178};

// A letter with an accent behind it, and both as one character: the compositions of Unicode up to U+017F.
struct Composition {
  char letter;
  std::uint16_t mark, composed;
};
constexpr std::array<Composition, 161> kCompositions = {
    {{'A', 0x0300, 0x00C0}, {'E', 0x0300, 0x00C8}, {'I', 0x0300, 0x00CC}, {'O', 0x0300, 0x00D2},
     {'U', 0x0300, 0x00D9}, {'a', 0x0300, 0x00E0}, {'e', 0x0300, 0x00E8}, {'i', 0x0300, 0x00EC},
     {'o', 0x0300, 0x00F2}, {'u', 0x0300, 0x00F9}, {'A', 0x0301, 0x00C1}, {'C', 0x0301, 0x0106},
     {'E', 0x0301, 0x00C9}, {'I', 0x0301, 0x00CD}, {'L', 0x0301, 0x0139}, {'N', 0x0301, 0x0143},
     {'O', 0x0301, 0x00D3}, {'R', 0x0301, 0x0154}, {'S', 0x0301, 0x015A}, {'U', 0x0301, 0x00DA},
     {'Y', 0x0301, 0x00DD}, {'Z', 0x0301, 0x0179}, {'a', 0x0301, 0x00E1}, {'c', 0x0301, 0x0107},
     {'e', 0x0301, 0x00E9}, {'i', 0x0301, 0x00ED}, {'l', 0x0301, 0x013A}, {'n', 0x0301, 0x0144},
     {'o', 0x0301, 0x00F3}, {'r', 0x0301, 0x0155}, {'s', 0x0301, 0x015B}, {'u', 0x0301, 0x00FA},
     {'y', 0x0301, 0x00FD}, {'z', 0x0301, 0x017A}, {'A', 0x0302, 0x00C2}, {'C', 0x0302, 0x0108},
     {'E', 0x0302, 0x00CA}, {'G', 0x0302, 0x011C}, {'H', 0x0302, 0x0124}, {'I', 0x0302, 0x00CE},
     {'J', 0x0302, 0x0134}, {'O', 0x0302, 0x00D4}, {'S', 0x0302, 0x015C}, {'U', 0x0302, 0x00DB},
     {'W', 0x0302, 0x0174}, {'Y', 0x0302, 0x0176}, {'a', 0x0302, 0x00E2}, {'c', 0x0302, 0x0109},
     {'e', 0x0302, 0x00EA}, {'g', 0x0302, 0x011D}, {'h', 0x0302, 0x0125}, {'i', 0x0302, 0x00EE},
     {'j', 0x0302, 0x0135}, {'o', 0x0302, 0x00F4}, {'s', 0x0302, 0x015D}, {'u', 0x0302, 0x00FB},
     {'w', 0x0302, 0x0175}, {'y', 0x0302, 0x0177}, {'A', 0x0303, 0x00C3}, {'I', 0x0303, 0x0128},
     {'N', 0x0303, 0x00D1}, {'O', 0x0303, 0x00D5}, {'U', 0x0303, 0x0168}, {'a', 0x0303, 0x00E3},
     {'i', 0x0303, 0x0129}, {'n', 0x0303, 0x00F1}, {'o', 0x0303, 0x00F5}, {'u', 0x0303, 0x0169},
     {'A', 0x0304, 0x0100}, {'E', 0x0304, 0x0112}, {'I', 0x0304, 0x012A}, {'O', 0x0304, 0x014C},
     {'U', 0x0304, 0x016A}, {'a', 0x0304, 0x0101}, {'e', 0x0304, 0x0113}, {'i', 0x0304, 0x012B},
     {'o', 0x0304, 0x014D}, {'u', 0x0304, 0x016B}, {'A', 0x0306, 0x0102}, {'E', 0x0306, 0x0114},
     {'G', 0x0306, 0x011E}, {'I', 0x0306, 0x012C}, {'O', 0x0306, 0x014E}, {'U', 0x0306, 0x016C},
     {'a', 0x0306, 0x0103}, {'e', 0x0306, 0x0115}, {'g', 0x0306, 0x011F}, {'i', 0x0306, 0x012D},
     {'o', 0x0306, 0x014F}, {'u', 0x0306, 0x016D}, {'C', 0x0307, 0x010A}, {'E', 0x0307, 0x0116},
     {'G', 0x0307, 0x0120}, {'I', 0x0307, 0x0130}, {'Z', 0x0307, 0x017B}, {'c', 0x0307, 0x010B},
     {'e', 0x0307, 0x0117}, {'g', 0x0307, 0x0121}, {'z', 0x0307, 0x017C}, {'A', 0x0308, 0x00C4},
     {'E', 0x0308, 0x00CB}, {'I', 0x0308, 0x00CF}, {'O', 0x0308, 0x00D6}, {'U', 0x0308, 0x00DC},
     {'Y', 0x0308, 0x0178}, {'a', 0x0308, 0x00E4}, {'e', 0x0308, 0x00EB}, {'i', 0x0308, 0x00EF},
     {'o', 0x0308, 0x00F6}, {'u', 0x0308, 0x00FC}, {'y', 0x0308, 0x00FF}, {'A', 0x030A, 0x00C5},
     {'U', 0x030A, 0x016E}, {'a', 0x030A, 0x00E5}, {'u', 0x030A, 0x016F}, {'O', 0x030B, 0x0150},
     {'U', 0x030B, 0x0170}, {'o', 0x030B, 0x0151}, {'u', 0x030B, 0x0171}, {'C', 0x030C, 0x010C},
     {'D', 0x030C, 0x010E}, {'E', 0x030C, 0x011A}, {'L', 0x030C, 0x013D}, {'N', 0x030C, 0x0147},
     {'R', 0x030C, 0x0158}, {'S', 0x030C, 0x0160}, {'T', 0x030C, 0x0164}, {'Z', 0x030C, 0x017D},
     {'c', 0x030C, 0x010D}, {'d', 0x030C, 0x010F}, {'e', 0x030C, 0x011B}, {'l', 0x030C, 0x013E},
     {'n', 0x030C, 0x0148}, {'r', 0x030C, 0x0159}, {'s', 0x030C, 0x0161}, {'t', 0x030C, 0x0165},
     {'z', 0x030C, 0x017E}, {'C', 0x0327, 0x00C7}, {'G', 0x0327, 0x0122}, {'K', 0x0327, 0x0136},
     {'L', 0x0327, 0x013B}, {'N', 0x0327, 0x0145}, {'R', 0x0327, 0x0156}, {'S', 0x0327, 0x015E},
     {'T', 0x0327, 0x0162}, {'c', 0x0327, 0x00E7}, {'g', 0x0327, 0x0123}, {'k', 0x0327, 0x0137},
     {'l', 0x0327, 0x013C}, {'n', 0x0327, 0x0146}, {'r', 0x0327, 0x0157}, {'s', 0x0327, 0x015F},
     {'t', 0x0327, 0x0163}, {'A', 0x0328, 0x0104}, {'E', 0x0328, 0x0118}, {'I', 0x0328, 0x012E},
     {'U', 0x0328, 0x0172}, {'a', 0x0328, 0x0105}, {'e', 0x0328, 0x0119}, {'i', 0x0328, 0x012F},
     {'u', 0x0328, 0x0173}}};

void append(char32_t c, std::string& out) {
  const auto byte = [&out](char32_t b) { out.push_back(static_cast<char>(static_cast<unsigned char>(b))); };
  if (c < 0x80) return byte(c);
  if (c < 0x800) {
    byte(0xC0 | c >> 6);
  } else {
    byte(0xE0 | c >> 12);
    byte(0x80 | (c >> 6 & 0x3F));
  }
  byte(0x80 | (c & 0x3F));
}

// The byte that stands for the character in Windows-1252; bytes that it does not use stand for themselves, as programs take them.
std::optional<char> byte_of(char32_t c) {
  const auto* const high = std::ranges::find(kWindows1252, c);
  if (c >= 0x80 && high != kWindows1252.end()) return static_cast<char>(0x80 + (high - kWindows1252.begin()));
  return c <= 0xFF ? std::optional(static_cast<char>(static_cast<unsigned char>(c))) : std::nullopt;
}

bool is_blank_character(char32_t c) {
  return c == ' ' || c == '\t' || c == 0xA0 || (c >= 0x2000 && c <= 0x200A) || c == 0x202F || c == 0x205F ||
         c == 0x3000;
}
bool has_no_shape(char32_t c) { return c == 0xAD || (c >= 0x200B && c <= 0x200D) || c == 0x2060 || c == 0xFEFF; }
char32_t plain_quote(char32_t c) {
  if (c == 0x2018 || c == 0x2019 || c == 0x02BC || c == 0x00B4 || c == '`') return '\'';
  if (c == 0x201C || c == 0x201D) return '"';
  return c;
}

}  // namespace

std::optional<std::string> from_windows_1252(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    if (byte >= 0x80 && utf8_sequence(text, i) > 1) return std::nullopt;
    const char32_t c = byte >= 0x80 && byte < 0xA0 ? kWindows1252[byte - 0x80] : byte;
    if (c == 0 && byte != 0) return std::nullopt;
    append(c, out);
  }
  return out;
}

std::optional<std::string> decoded_again(std::string_view text) {
  std::string out;
  for (std::size_t i = 0, n = 0; i < text.size(); i += n) {
    n = utf8_sequence(text, i);
    const auto byte = n == 0 ? std::nullopt : byte_of(code_point(text.substr(i, n)));
    if (!byte) return std::nullopt;
    out.push_back(*byte);
  }
  return out.size() < text.size() && is_utf8(out) ? std::optional(std::move(out)) : std::nullopt;
}

std::string tidy(std::string_view text) {
  std::string out;
  bool blank = false;
  for (std::size_t i = 0, n = 0; i < text.size(); i += n) {
    n = std::max<std::size_t>(utf8_sequence(text, i), 1);
    const char32_t c = n == 1 ? static_cast<unsigned char>(text[i]) : code_point(text.substr(i, n));
    if (is_blank_character(c)) blank = true;
    if (is_blank_character(c) || has_no_shape(c)) continue;
    const auto* const composed = std::ranges::find_if(kCompositions, [&](const Composition& one) {
      return one.mark == c && !blank && !out.empty() && out.back() == one.letter;
    });
    if (composed != kCompositions.end()) {
      out.pop_back();
      append(composed->composed, out);
      continue;
    }
    if (blank && !out.empty()) out.push_back(' ');
    blank = false;
    const char32_t quote = plain_quote(c);
    quote == c ? void(out.append(text, i, n)) : append(quote, out);
  }
  return out;
}

std::string folded(std::string_view text) { return lower(tidy(text)); }

}  // namespace titer::formats
