// SPDX-License-Identifier: Apache-2.0

// Reader: a file of sites in pieces, rows out. The entrance of this room for reading.
//
// The format is told from the first bytes (gzip, JSON, else CSV) and the CSV header; feed() may cut anywhere.
// Complete rows go to the row sink one by one. Errors in other rows go to the problem sink and do not affect the
// next row. Memory does not grow with the file, but for what tells repetitions (a few bytes per site) and the stock
// of CDC files (see cdc_layout.cc).
//
// Errors of feed() and finish() are about the whole file — no known format, damaged gzip — and final; rows given
// before stay given. Every one of them says what is expected.
// Lifetime: what sinks are shown lives during their call. Pure, one thread.
#pragma once

#include <memory>
#include <optional>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"
#include "formats/layout.h"
#include "formats/report.h"
#include "formats/row.h"

namespace titer::formats {

// "csv", "ndjson", "cdc", "national", "therapeutics", "smart", "inventory".
[[nodiscard]] std::string_view name(Format format);
[[nodiscard]] std::optional<Format> format_named(std::string_view name);

struct ReadOptions {
  std::optional<Format> expected = {};  // refuse files of another format; none: whatever it is
  WallTime now = {};                    // claims of a later time are refused by their rows (row.h); 0: not known
  bool incomplete = false;              // files of a SMART feed are missing: what is not there says nothing
  ColumnMap map = {};  // of our own CSV: which column of the file stands for which of ours (header_match.h)
};

class Reader {
 public:
  Reader(RowSink rows, ProblemSink problems, ReadOptions options = {});
  ~Reader();
  Reader(const Reader&) = delete;
  Reader& operator=(const Reader&) = delete;

  [[nodiscard]] Status feed(ByteView bytes);
  [[nodiscard]] Status finish();
  // Between two files of one SMART feed, each plain or gzip: the number of the next one's first line, for lines are
  // counted through.
  [[nodiscard]] Result<std::uint64_t> next_file();

  // gzip; known after two bytes.
  [[nodiscard]] std::optional<bool> packed() const;
  [[nodiscard]] std::optional<Format> format() const;  // once it is known
  [[nodiscard]] const Counts& counts() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace titer::formats
