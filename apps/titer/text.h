// SPDX-License-Identifier: Apache-2.0

// Forms for people and for JSON: times, tables, sites, events, outcomes.
#pragma once

#include <boost/json/object.hpp>
#include <cstdint>
#include <cstdio>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/ids.h"
#include "registry/query.h"
#include "registry/request.h"
#include "registry/types.h"

namespace titer::app {

// "2026-03-01T08:15:00Z", without milliseconds; empty for 0.
[[nodiscard]] std::string iso_time(WallTime t);
// "12 s", "5 min", "3 h", "8 d".
[[nodiscard]] std::string duration_text(std::int64_t ms);
// "1,234,567"
[[nodiscard]] std::string grouped(std::uint64_t n);
[[nodiscard]] std::string bytes_text(std::uint64_t n);

// Columns as wide as their widest cell, among the rows that are printed together and before.
class Table {
 public:
  // A heading that begins with '>' is of a right-aligned column.
  explicit Table(std::vector<std::string> headings);
  void add(std::vector<std::string> row);
  [[nodiscard]] std::size_t rows() const { return added_; }
  // Prints the rows that were added since the last time; a long table is printed piece by piece.
  void print(std::FILE* out = stdout);

 private:
  std::vector<bool> right_;
  std::vector<std::size_t> widths_;
  std::vector<std::vector<std::string>> rows_;  // that are not printed yet
  std::size_t added_ = 0;
};

// A JSON array that is written as its elements come: "[", one element a line, "]".
class JsonArray {
 public:
  explicit JsonArray(bool on) : on_(on) {}
  void add(std::string_view element);
  void close();

 private:
  bool on_;
  bool any_ = false;
};

[[nodiscard]] std::string to_json(const boost::json::object& object);
// As formats/site_json.h writes them.
[[nodiscard]] std::string to_json(const registry::Site& site);
[[nodiscard]] std::string to_json(const registry::Event& event);
[[nodiscard]] std::string to_json(const registry::Outcome& outcome);
void print_line(std::string_view json);
void print_line(const boost::json::object& object);

// One line: "2026-03-01T08:15:00Z 1042 set elm-street any 12 (was 10) by desk".
[[nodiscard]] std::string one_line(const registry::Event& event);
// "looked at 1,234 rows along places, products, in 2 steps"
[[nodiscard]] std::string one_line(const registry::Explanation& looked_at);

}  // namespace titer::app
