// SPDX-License-Identifier: Apache-2.0

// JSON objects written straight into a text: for exports, where building a tree of values first would cost more than all
// else. Strings: base/json_string.h.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "registry/types.h"

namespace titer::formats {

// Appends members between braces that the caller writes. Blank texts are left out.
class JsonMembers {
 public:
  explicit JsonMembers(std::string& out) : out_(out) {}
  void text(std::string_view name, std::string_view value);
  void raw(std::string_view name, std::string_view json);  // `json` is the value, or its beginning
  void pairs(std::string_view name, const std::vector<registry::ExternalId>& ids);

 private:
  std::string& out_;
  bool first_ = true;
};

}  // namespace titer::formats
