// SPDX-License-Identifier: Apache-2.0

#include "http/metrics_text.h"

#include <fmt/format.h>

#include <iterator>

namespace titer::http {

void MetricsText::family(std::string_view name, std::string_view type, std::string_view help) {
  name_ = name;
  fmt::format_to(std::back_inserter(out_), "# HELP {} {}\n# TYPE {} {}\n", name, help, name, type);
}

void MetricsText::sample(double value, Labels labels, std::string_view suffix) {
  out_.append(name_).append(suffix);
  char before = '{';
  for (const auto& [name, text] : labels) {
    out_.push_back(before);
    before = ',';
    out_.append(name).append("=\"");
    for (const char c : text) {
      if (c == '\n') out_.append("\\n");
      if (c == '"' || c == '\\') out_.push_back('\\');
      if (c != '\n') out_.push_back(c);
    }
    out_.push_back('"');
  }
  if (before == ',') out_.push_back('}');
  fmt::format_to(std::back_inserter(out_), " {}\n", value);
}

}  // namespace titer::http
