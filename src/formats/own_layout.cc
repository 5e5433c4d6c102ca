// SPDX-License-Identifier: Apache-2.0

// Our own CSV, and tables of others whose columns mean the same (header_match.h): the header decides the order.

#include "formats/columns.h"
#include "formats/header_match.h"
#include "formats/layout.h"

namespace titer::formats {
namespace {

class OwnLayout final : public Layout {
 public:
  OwnLayout(const Header& header, const ColumnIndexes& columns, LayoutContext& context)
      : header_(header), context_(context), rows_(context), columns_(columns) {}

  [[nodiscard]] Format format() const override { return Format::kCsv; }

  void record(const CsvRecord& record) override {
    if (!fits(record, header_, context_.report)) return;
    OwnTexts texts;
    for (std::size_t i = 0; i < kColumns; ++i) texts[i] = without_guard(field(record, columns_[i]));
    context_.builder.begin(record.line);
    rows_.take(texts);
  }

 private:
  Header header_;
  LayoutContext& context_;
  OwnRows rows_;
  ColumnIndexes columns_;
};

}  // namespace

Result<std::unique_ptr<Layout>> make_own_layout(const Header& header, const ColumnMap& map,
                                                LayoutContext& context) {
  const auto columns = match_columns(header, map, context.report);
  if (!columns) return columns.error();
  return std::unique_ptr<Layout>(std::make_unique<OwnLayout>(header, *columns, context));
}

}  // namespace titer::formats
