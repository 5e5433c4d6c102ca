// SPDX-License-Identifier: Apache-2.0

// Reading under test: a whole text in pieces, everything that came out kept. For tests only.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "formats/reader.h"
#include "registry/state.h"

namespace titer::formats {

// A row that outlives the sink's call: only what tests look at.
struct ReadRow {
  std::uint64_t line = 0;
  std::string id;
  std::map<std::string, std::string> fields;  // by name, those that were given
  bool has_stock = false;
  std::string product, availability, valid_at, source;
  std::vector<std::pair<std::string, std::string>> external_ids;
};
struct ReadProblem {
  std::uint64_t line = 0;
  std::string field, why, value;
  bool refused = false;
};
struct ReadFile {
  std::vector<ReadRow> rows;
  std::vector<ReadProblem> problems;
  Status status = ok_status();
  std::optional<Format> format;
  Counts counts;

  // How often `why` begins with this text.
  [[nodiscard]] std::size_t told(std::string_view why) const;
};

ReadRow copy_of(const Row& row);
// Feeds `text` in pieces of `piece` bytes (0: all at once).
[[nodiscard]] ReadFile read_all(std::string_view text, std::size_t piece = 0, ReadOptions options = {});
[[nodiscard]] std::string file_content(const std::string& path);
[[nodiscard]] std::string gzip(std::string_view text);

// Imports into a registry as the database would, one request per row.
struct Imported {
  std::size_t changed = 0, unchanged = 0, refused = 0;
  std::string first_refusal;
  std::string last_message;  // of the last row that was taken
};
Imported import_into(registry::State& state, std::string_view text);
// Everything in the registry, in a format's words.
[[nodiscard]] std::string export_of(const registry::State& state, std::string_view format);

}  // namespace titer::formats
