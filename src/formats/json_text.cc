// SPDX-License-Identifier: Apache-2.0

#include "formats/json_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

namespace titer::formats {

void print_json(std::string_view text, std::string& out) {
  out.push_back('"');
  const auto clean = [](char c) { return static_cast<unsigned char>(c) >= 0x20 && c != '"' && c != '\\'; };
  for (auto at = text.begin(); at != text.end();) {
    const auto special = std::find_if_not(at, text.end(), clean);
    out.append(at, special);
    if (special == text.end()) break;
    if (*special == '"' || *special == '\\') {
      out.push_back('\\');
      out.push_back(*special);
    } else {
      fmt::format_to(std::back_inserter(out), "\\u{:04x}", static_cast<unsigned>(*special));
    }
    at = special + 1;
  }
  out.push_back('"');
}

void JsonMembers::raw(std::string_view name, std::string_view json) {
  if (!first_) out_.push_back(',');
  first_ = false;
  print_json(name, out_);
  out_.append(":").append(json);
}

void JsonMembers::text(std::string_view name, std::string_view value) {
  if (value.empty()) return;
  raw(name, {});
  print_json(value, out_);
}

void JsonMembers::pairs(std::string_view name, const std::vector<registry::ExternalId>& ids) {
  raw(name, "[");
  bool first = true;
  for (const auto& [system, value] : ids) {
    out_.append(first ? "[" : ",[");
    first = false;
    print_json(system, out_);
    out_.push_back(',');
    print_json(value, out_);
    out_.push_back(']');
  }
  out_.push_back(']');
}

}  // namespace titer::formats
