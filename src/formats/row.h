// SPDX-License-Identifier: Apache-2.0

// RowBuilder: one row of any format on its way from texts to registry::ImportRow.
//
// Every setter takes the text of one field as it stands in the file. Blank means "leave as it is". Defects that can
// be corrected are corrected and noted. Other defective values are left out and noted, or refuse the row where a
// wrong value would be worse than none. So a row is passed on completely or not at all.
//
// Rules about more than one field are applied at the end (row_place.cc): whether a ZIP code whose zeros were put back agrees with state
// or city; whether the point belongs to the ZIP code, or would if its numbers were exchanged or a sign was right; and, by the
// clocks of the place, when a claim was true. A row without an id has its name and street tidied, because they are its identity.
//
// Lifetime: the ImportRow shows views of the file's text and of this builder; both until the next begin().
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "formats/report.h"
#include "formats/text.h"
#include "registry/request.h"

namespace titer::formats {

struct Row {
  std::uint64_t line = 0;
  const registry::ImportRow& import;
};
using RowSink = std::function<void(const Row&)>;

using TextField = std::optional<std::string_view> registry::SiteFields::*;

class RowBuilder {
 public:
  // `now`: claims of a later time are refused here, and a day that lasts counts up to it. 0: not known.
  explicit RowBuilder(Report& report, WallTime now = {}) : report_(report), now_(now) {}

  void begin(std::uint64_t line);

  void id(std::string_view column, std::string_view text);
  void name(std::string_view column, std::string_view text);
  void text(TextField field, std::string_view column, std::string_view text);
  void link(TextField field, std::string_view column, std::string_view text);
  // 5 digits, 5+4 in any way of writing; zeros lost in front are put back.
  void zip(std::string_view column, std::string_view text);
  void state(std::string_view column, std::string_view text);
  void point(std::string_view lat, std::string_view lon);  // both texts, or both blank; degrees.h
  // The place is as a database has it, and not as somebody wrote it: its parts are not judged by one another, only told.
  void trust_place() { place_trusted_ = true; }
  void status(std::string_view column, std::string_view text);
  void external_id(std::string_view column, std::string_view system, std::string_view value);

  void product(std::string_view column, std::string_view text);
  void availability(std::string_view column, std::string_view text);
  void availability(registry::Availability value);
  void valid_at(std::string_view column, std::string_view text);  // file_time.h; by the place that the row names
  void valid_at(WallTime time) { claim_.valid_at = time; }
  // The moment that the text means at a place; nullopt: it is blank, or not a time, and the row is refused.
  [[nodiscard]] std::optional<WallTime> moment(std::string_view column, std::string_view text, std::string_view zip,
                                               std::string_view state);
  void source(std::string_view column, std::string_view text);

  void note(std::string_view column, std::string_view why, std::string_view value = {});
  // Once for each reason and column of a file, with the first value: for what is alike in every row.
  void note_once(std::string_view column, std::string_view why, std::string_view value = {});
  void refuse(std::string_view column, std::string_view why, std::string_view value = {});

  // Trimmed and corrected, at most `bytes_max` long (longer ones refuse the row).
  std::string_view clean(std::string_view column, std::string_view text, std::size_t bytes_max);
  TextPool& pool() { return pool_; }

  // The finished row; null if it was refused. Claims without availability are dropped.
  [[nodiscard]] const registry::ImportRow* finish();
  [[nodiscard]] bool refused() const { return refused_; }
  // As it will be stored.
  [[nodiscard]] std::string_view product_code() const { return claim_.product; }
  [[nodiscard]] std::uint64_t line() const { return line_; }

 private:
  struct Written {
    std::string_view column, text;
  };
  void judge_zip();
  void judge_point();
  void judge_place();
  void judge_time();
  [[nodiscard]] std::string_view decoded(std::string_view column, std::string_view text);

  Report& report_;
  WallTime now_;
  TextPool pool_;
  registry::ImportRow row_;
  registry::StockClaim claim_;
  Written time_;                 // of the claim, until the place is known
  std::string_view zip_padded_;  // as it was written, if zeros were put in front
  bool claimed_ = false;
  bool refused_ = false;
  bool judged_ = false;
  bool place_trusted_ = false;
  std::uint64_t line_ = 0;
  std::vector<std::uint64_t> noted_once_;  // hashes
};

// An id for a site whose file gives none: the same for the same text parts, however they are written (folded() in text.h).
[[nodiscard]] std::string derived_id(std::string_view prefix, std::initializer_list<std::string_view> parts);
// "12", "12.0", "true", "yes"; nullopt: no availability, or more doses than can be kept.
[[nodiscard]] std::optional<registry::Availability> read_availability(std::string_view text);
// The five digits of a ZIP code, zeros put back, for such an id; a text that is none as it is.
[[nodiscard]] std::string zip_of_identity(std::string_view text);

}  // namespace titer::formats
