// SPDX-License-Identifier: Apache-2.0

// Our own CSV: the header decides the order; columns nobody knows are told once and ignored.

#include "formats/columns.h"
#include "formats/layout.h"

namespace titer::formats {
namespace {

class OwnLayout final : public Layout {
 public:
  OwnLayout(const Header& header, LayoutContext& context) : header_(header), context_(context), rows_(context) {
    columns_.fill(Header::kAbsent);
    for (std::size_t i = 0; i < header.size(); ++i) {
      const std::string& name = header.name(i);
      const std::optional<Column> column = column_named(name);
      if (!column) {
        if (!name.empty()) context.report.note(header.line(), name, "this column is not known: ignored");
      } else if (columns_[static_cast<std::size_t>(*column)] == Header::kAbsent) {
        columns_[static_cast<std::size_t>(*column)] = i;
      } else {
        context.report.note(header.line(), name, "this column comes twice: the first one counts");
      }
    }
  }

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
  std::array<std::size_t, kColumns> columns_{};
};

}  // namespace

std::unique_ptr<Layout> make_own_layout(const Header& header, LayoutContext& context) {
  return std::make_unique<OwnLayout>(header, context);
}

}  // namespace titer::formats
