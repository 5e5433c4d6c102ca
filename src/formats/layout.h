// SPDX-License-Identifier: Apache-2.0

// Layout: one way of writing sites down in columns. A CSV reader gives it the header, then record after record.
//
// Which layout a file has is told by its header alone (make_layout). Layouts that have seen a whole file may have
// more to say at its end: finish().
#pragma once

#include <algorithm>
#include <boost/unordered/unordered_flat_map.hpp>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "formats/csv.h"
#include "formats/limits.h"
#include "formats/report.h"
#include "formats/row.h"

namespace titer::formats {

enum class Format : std::uint8_t {
  kCsv,
  kNdjson,
  kCdcProviders,
  kNationalSites,
  kTherapeutics,
  kSmart,
  kInventory
};

// Our column, and the name of the file's (header_match.h).
using ColumnMap = std::vector<std::pair<std::string, std::string>>;

// What of a file is kept until its end, in bytes, as those who keep it estimate them.
class HeldMemory {
 public:
  explicit HeldMemory(std::size_t bytes_max = kHeldBytesMax) : bytes_max_(bytes_max) {}
  // False: there is no room for so much more; then it must not be kept.
  [[nodiscard]] bool hold(std::size_t bytes) {
    if (bytes > bytes_max_ - bytes_) return false;
    bytes_ += bytes;
    return true;
  }
  [[nodiscard]] bool hold_key() {
    if (keys_ >= std::min(kSeenKeysMax, kSeenKeysBytesMax / kKeyBytes)) return false;
    ++keys_;
    return true;
  }
  [[nodiscard]] std::size_t bytes() const { return bytes_; }

 private:
  static constexpr std::size_t kKeyBytes = 32;  // of a SeenKeys, when it has just grown
  std::size_t bytes_max_, bytes_ = 0, keys_ = 0;
};
inline constexpr std::string_view kHoldsTooMuch =
    "too much of this file has to be kept until its end (256 MiB); import it in parts";

// What all layouts share during one file.
struct LayoutContext {
  Report& report;
  const RowSink& rows;
  WallTime now = {};        // 0: not known
  bool incomplete = false;  // files of the feed are missing
  RowBuilder builder{report, now};
  HeldMemory held{};

  // Gives the builder's row out, if it was not refused.
  void emit() {
    const registry::ImportRow* row = builder.finish();
    if (row == nullptr) return;
    ++report.counts.rows;
    rows(Row{builder.line(), *row});
  }
};

// Remembers keys by their hash and the line where each was first. Bounded, all of one file together: beyond that nothing more
// is remembered, and repetitions of later ones go unnoticed.
class SeenKeys {
 public:
  explicit SeenKeys(HeldMemory& held) : held_(held) {}
  // The line where the key was before; 0 if it is new.
  std::uint64_t first(std::initializer_list<std::string_view> parts, std::uint64_t line);

 private:
  HeldMemory& held_;
  boost::unordered_flat_map<std::uint64_t, std::uint32_t> lines_;
  std::string key_;
};

class Layout {
 public:
  virtual ~Layout() = default;
  [[nodiscard]] virtual Format format() const = 0;
  virtual void record(const CsvRecord& record) = 0;
  virtual void finish() {}
};

// Where columns are: names (lower case, trimmed) to indexes.
class Header {
 public:
  explicit Header(const CsvRecord& record);
  static constexpr std::size_t kAbsent = ~std::size_t{0};
  [[nodiscard]] std::size_t find(std::string_view name) const;
  [[nodiscard]] bool has_all(std::initializer_list<std::string_view> names) const;
  [[nodiscard]] std::size_t size() const { return names_.size(); }
  [[nodiscard]] const std::string& name(std::size_t i) const { return names_[i]; }
  [[nodiscard]] std::uint64_t line() const { return line_; }

 private:
  std::vector<std::string> names_;
  std::uint64_t line_ = 0;
};

// The field of a record; empty when the column is absent or the record too short.
[[nodiscard]] inline std::string_view field(const CsvRecord& record, std::size_t column) {
  return column < record.fields.size() ? record.fields[column] : std::string_view();
}
// Tells of records that do not fit the header: false if one must be left out. Blank fields that are missing at the end, as
// spreadsheets leave them away, are no defect.
[[nodiscard]] bool fits(const CsvRecord& record, const Header& header, Report& report);

// Columns that look like dates and are not read: the file's stock counts as of now, and the report says so.
void note_unread_dates(const Header& header, Report& report);

// Both lines of an address; the second only if it says something else, for many repeat the first.
[[nodiscard]] std::string_view joined_street(std::string_view one, std::string_view two, TextPool& pool);

// By what the header has; `map` is for our own layout, to which any other table is left. Error: why it is none.
[[nodiscard]] Result<std::unique_ptr<Layout>> make_layout(const Header& header, const ColumnMap& map,
                                                          LayoutContext& context);

[[nodiscard]] Result<std::unique_ptr<Layout>> make_own_layout(const Header& header, const ColumnMap& map,
                                                              LayoutContext& context);
std::unique_ptr<Layout> make_cdc_layout(const Header& header, LayoutContext& context);
std::unique_ptr<Layout> make_national_layout(const Header& header, LayoutContext& context);
std::unique_ptr<Layout> make_therapeutics_layout(const Header& header, LayoutContext& context);
[[nodiscard]] bool is_inventory(const Header& header);
std::unique_ptr<Layout> make_inventory_layout(const Header& header, LayoutContext& context);

}  // namespace titer::formats
