// SPDX-License-Identifier: Apache-2.0

// CsvSplitter: CSV text in pieces to records of fields (RFC 4180), leniently.
//
// Quotes may hold commas, doubled quotes and line ends; line ends are \n or \r\n; the last one may be missing. A quote
// opens only at the beginning of a field; text after a closing quote belongs to the field (and is told). Empty lines
// are skipped. A quote that is never closed costs one line and not the file: when a record grows beyond kLineBytesMax
// or the text ends inside quotes, its first line is refused and reading goes on with the second.
//
// Each byte is looked at a bounded number of times however the pieces are cut. Views live during the call of the sink.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace titer::formats {

inline constexpr std::size_t kLineBytesMax = std::size_t{1} << 20;  // one record or line of any format
inline constexpr std::size_t kFieldsMax = 256;                      // of one record

struct CsvRecord {
  std::uint64_t line = 0;  // where it begins, from 1
  const std::vector<std::string_view>& fields;
  bool stray_quote = false;  // text followed a closing quote
};

// Spreadsheets run a cell that begins with one of = + - @ (CWE-1236). So our files have a ' before such a text, and reading them
// takes it away again; before a text that looks as if it had one already, there is one more. A phone number is none.
[[nodiscard]] bool begins_like_formula(std::string_view text);
// What the cell stands for.
[[nodiscard]] std::string_view without_guard(std::string_view cell);

class CsvSplitter {
 public:
  using RecordSink = std::function<void(const CsvRecord&)>;
  using RefusalSink = std::function<void(std::uint64_t line, std::string_view why)>;
  CsvSplitter(RecordSink record, RefusalSink refusal);

  void feed(std::string_view text);
  void finish();

 private:
  enum class State : std::uint8_t { kFieldStart, kPlain, kQuoted, kQuoteSeen };

  [[nodiscard]] bool scan();  // true: a record ends at end_
  void take_record();
  void split(std::string_view record);
  std::size_t split_quoted(std::string_view record, std::size_t at);
  void refuse_first_line(std::string_view why);
  void drop_consumed();

  RecordSink record_;
  RefusalSink refusal_;
  std::string buffer_;     // from the beginning of the current record on, after dropping
  std::size_t begin_ = 0;  // of the current record
  std::size_t scan_ = 0;   // looked at up to here
  std::size_t end_ = 0;    // of the record found: its line end excluded
  State state_ = State::kFieldStart;
  std::uint64_t line_ = 1;   // at begin_
  std::uint64_t lines_ = 0;  // line ends seen in the current record
  bool skipping_ = false;    // the rest of a refused line
  // Up to here no quote reaches beyond its line: this has been read as part of a record that was given up, and
  // must not be read in vain again and again.
  std::size_t single_lines_until_ = 0;
  bool stray_quote_ = false;
  std::vector<std::string_view> fields_;
  std::string unquoted_;  // texts of quoted fields
};

}  // namespace titer::formats
