// SPDX-License-Identifier: Apache-2.0

#include "formats/text.h"

#include <algorithm>

namespace titer::formats {
namespace {

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";  // U+FFFD

unsigned char byte_at(std::string_view text, std::size_t i) { return static_cast<unsigned char>(text[i]); }
bool continues(std::string_view text, std::size_t i) {
  return i < text.size() && (byte_at(text, i) & 0xC0) == 0x80;
}

// Length of the well-formed UTF-8 sequence at `i`; 0 if there is none. (Unicode 15, table 3-7.)
std::size_t sequence(std::string_view text, std::size_t i) {
  const unsigned char a = byte_at(text, i);
  if (a < 0x80) return 1;
  const unsigned char b = i + 1 < text.size() ? byte_at(text, i + 1) : 0;
  if (a >= 0xC2 && a <= 0xDF) return continues(text, i + 1) ? 2 : 0;
  if (a >= 0xE0 && a <= 0xEF) {
    const bool second = b >= (a == 0xE0 ? 0xA0 : 0x80) && b <= (a == 0xED ? 0x9F : 0xBF);
    return second && continues(text, i + 2) ? 3 : 0;
  }
  if (a >= 0xF0 && a <= 0xF4) {
    const bool second = b >= (a == 0xF0 ? 0x90 : 0x80) && b <= (a == 0xF4 ? 0x8F : 0xBF);
    return second && continues(text, i + 2) && continues(text, i + 3) ? 4 : 0;
  }
  return 0;
}

bool is_control(char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; }
char lower_of(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

}  // namespace

std::string_view trim(std::string_view text) {
  const auto blank = [](char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; };
  while (!text.empty() && blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && blank(text.back())) text.remove_suffix(1);
  return text;
}

std::string lower(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(), lower_of);
  return out;
}

bool same_ignoring_case(std::string_view a, std::string_view b) {
  return a.size() == b.size() &&
         std::equal(a.begin(), a.end(), b.begin(), [](char x, char y) { return lower_of(x) == lower_of(y); });
}

bool all_digits(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

bool is_plain(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c >= 0x20 && c < 0x7F; });
}

Mended mend(std::string_view text, std::string& out) {
  Mended done;
  for (std::size_t i = 0; i < text.size();) {
    if (is_control(text[i])) {
      done.control = true;
      while (i < text.size() && is_control(text[i])) ++i;
      out.push_back(' ');
      continue;
    }
    const std::size_t n = sequence(text, i);
    if (n == 0) {
      done.not_utf8 = true;
      out.append(kReplacement);
      ++i;
    } else {
      out.append(text, i, n);
      i += n;
    }
  }
  return done;
}

std::string_view cut(std::string_view text, std::size_t bytes) {
  if (text.size() <= bytes) return text;
  while (bytes > 0 && (byte_at(text, bytes) & 0xC0) == 0x80) --bytes;
  return text.substr(0, bytes);
}

}  // namespace titer::formats
