#include "formats/json_text.h"

#include <fmt/format.h>

#include <iterator>

namespace titer::formats {

void print_json(std::string_view text, std::string& out) {
  out.push_back('"');
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      out.push_back('\\');
      out.push_back(c);
    } else if (static_cast<unsigned char>(c) < 0x20) {
      fmt::format_to(std::back_inserter(out), "\\u{:04x}", static_cast<unsigned>(c));
    } else {
      out.push_back(c);
    }
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
