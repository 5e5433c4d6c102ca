// SPDX-License-Identifier: Apache-2.0

// RowBuilder: one row of any format on its way from texts to registry::ImportRow.
//
// Every setter takes the text of one field as it stands in the file. Blank means "leave as it is". Defects that can
// be corrected are corrected and noted. Other defective values are left out and noted, or refuse the row where a
// wrong value would be worse than none. So a row is passed on completely or not at all.
//
// Lifetime: the ImportRow shows views of the file's text and of this builder; both until the next begin().
#pragma once

#include <cstdint>
#include <string_view>

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
  explicit RowBuilder(Report& report) : report_(report) {}

  void begin(std::uint64_t line);

  void id(std::string_view column, std::string_view text);
  void name(std::string_view column, std::string_view text);
  void text(TextField field, std::string_view column, std::string_view text);
  void link(TextField field, std::string_view column, std::string_view text);
  // 5 digits, 5+4 in any way of writing; zeros lost in front are put back.
  void zip(std::string_view column, std::string_view text);
  void state(std::string_view column, std::string_view text);
  void point(std::string_view lat, std::string_view lon);  // both texts, or both blank
  void status(std::string_view column, std::string_view text);
  void external_id(std::string_view column, std::string_view system, std::string_view value);

  void product(std::string_view column, std::string_view text);
  void availability(std::string_view column, std::string_view text);
  void availability(registry::Availability value);
  void valid_at(std::string_view column, std::string_view text);
  void source(std::string_view column, std::string_view text);

  void note(std::string_view column, std::string_view why, std::string_view value = {});
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
  void judge_place();

  Report& report_;
  TextPool pool_;
  registry::ImportRow row_;
  registry::StockClaim claim_;
  bool claimed_ = false;
  bool refused_ = false;
  bool place_judged_ = false;
  std::uint64_t line_ = 0;
};

// An id for a site whose file gives none: the same for the same text parts (letters' case and blanks around ignored).
[[nodiscard]] std::string derived_id(std::string_view prefix, std::initializer_list<std::string_view> parts);

}  // namespace titer::formats
