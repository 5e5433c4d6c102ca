// SPDX-License-Identifier: Apache-2.0

#include "formats/json_text.h"

#include "base/json_string.h"

namespace titer::formats {

void JsonMembers::raw(std::string_view name, std::string_view json) {
  if (!first_) out_.push_back(',');
  first_ = false;
  print_json_string(name, out_);
  out_.append(":").append(json);
}

void JsonMembers::text(std::string_view name, std::string_view value) {
  if (value.empty()) return;
  raw(name, {});
  print_json_string(value, out_);
}

void JsonMembers::pairs(std::string_view name, const std::vector<registry::ExternalId>& ids) {
  raw(name, "[");
  bool first = true;
  for (const auto& [system, value] : ids) {
    out_.append(first ? "[" : ",[");
    first = false;
    print_json_string(system, out_);
    out_.push_back(',');
    print_json_string(value, out_);
    out_.push_back(']');
  }
  out_.push_back(']');
}

}  // namespace titer::formats
