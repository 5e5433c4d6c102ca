// SPDX-License-Identifier: Apache-2.0

#include "base/json_string.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "base/text.h"

namespace titer {
namespace {

bool as_it_is(char c) {
  return static_cast<unsigned char>(c) >= 0x20 && static_cast<unsigned char>(c) < 0x80 && c != '"' && c != '\\';
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
    if (bytes > 1) {
      out.append(text, at, bytes);
    } else if (bytes == 0) {
      out.append(kReplacementCharacter);
    } else if (*special == '"' || *special == '\\') {
      out.push_back('\\');
      out.push_back(*special);
    } else {
      fmt::format_to(std::back_inserter(out), "\\u{:04x}", static_cast<unsigned>(*special));
    }
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
