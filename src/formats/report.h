// SPDX-License-Identifier: Apache-2.0

// Report: the errors in a file, row by row.
//
// A note says what was corrected or looks wrong; the row is still imported. A refusal leaves the row out and does
// not affect the others. `why` is the same text for the same defect, so that a reader can count by (field, why);
// `value` is what stood there.
#pragma once

#include <cstdint>
#include <functional>
#include <string_view>
#include <utility>

namespace titer::formats {

struct Problem {
  std::uint64_t line = 0;  // from 1, of the text (unpacked)
  std::string_view field;  // as the file calls it, likewise; empty: the whole row
  std::string_view why;
  std::string_view value;  // cut to 80 bytes, always printable UTF-8
  bool refused = false;    // the row was left out
};
using ProblemSink = std::function<void(const Problem&)>;

struct Counts {
  std::uint64_t records = 0;  // lines or records read, without header, empty lines and blank records
  std::uint64_t blank = 0;    // records of blank fields alone, as spreadsheets leave them behind a table
  std::uint64_t rows = 0;     // given to the row sink
  std::uint64_t refused = 0;  // records left out
  std::uint64_t notes = 0;
};

// Passes problems on and counts them. One per Reader.
class Report {
 public:
  explicit Report(ProblemSink sink) : sink_(std::move(sink)) {}
  void note(std::uint64_t line, std::string_view field, std::string_view why, std::string_view value = {}) {
    ++counts.notes;
    tell(line, field, why, value, false);
  }
  void refuse(std::uint64_t line, std::string_view field, std::string_view why, std::string_view value = {}) {
    ++counts.refused;
    tell(line, field, why, value, true);
  }
  Counts counts;

 private:
  void tell(std::uint64_t line, std::string_view field, std::string_view why, std::string_view value, bool refused);
  ProblemSink sink_;
};

}  // namespace titer::formats
