// SPDX-License-Identifier: Apache-2.0

#include "base/json_string.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "base/text.h"

namespace titer {
namespace {

bool as_it_is(char c) {
  return static_cast<unsigned char>(c) >= 0x20 && static_cast<unsigned char>(c) < 0x7F && c != '"' && c != '\\';
}

// One character; those that mislead are all below U+10000.
void print_character(std::string_view sequence, std::string& out) {
  if (sequence == "\"" || sequence == "\\")
    out.append(1, '\\').append(sequence);
  else if (misleads(sequence))
    fmt::format_to(std::back_inserter(out), "\\u{:04x}", static_cast<std::uint32_t>(code_point(sequence)));
  else
    out.append(sequence);
}

}  // namespace

void print_json_string(std::string_view text, std::string& out) {
  out.push_back('"');
  for (std::size_t at = 0; at < text.size();) {
    const auto begin = text.begin() + static_cast<std::ptrdiff_t>(at);
    const auto special = std::find_if_not(begin, text.end(), as_it_is);
    out.append(begin, special);
    at = static_cast<std::size_t>(special - text.begin());
    if (at == text.size()) break;
    const std::size_t bytes = utf8_sequence(text, at);
    if (bytes == 0)
      out.append(kReplacementCharacter);
    else
      print_character(text.substr(at, bytes), out);
    at += std::max<std::size_t>(bytes, 1);
  }
  out.push_back('"');
}

std::string json_string(std::string_view text) {
  std::string out;
  print_json_string(text, out);
  return out;
}

}  // namespace titer
