// SPDX-License-Identifier: Apache-2.0

// NDJSON: one JSON object a line, with the names of our own CSV.
//
// Values may be texts, numbers, true/false; null and absent mean "leave as it is". availability may also be
// {"count": 12}; external_ids is a list of [system, value] pairs or the CSV text.
#pragma once

#include <boost/json/fwd.hpp>
#include <set>
#include <string>
#include <string_view>

#include "formats/columns.h"
#include "formats/json_lines.h"
#include "formats/layout.h"

namespace titer::formats {

class NdjsonReader {
 public:
  explicit NdjsonReader(LayoutContext& context);
  void feed(std::string_view text) { lines_.feed(text); }
  void finish() { lines_.finish(); }

 private:
  void take_object(const boost::json::object& object);

  LayoutContext& context_;
  OwnRows rows_;
  JsonLines lines_;
  std::set<std::string, std::less<>> told_;  // unknown names
};

}  // namespace titer::formats
