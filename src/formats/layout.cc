// SPDX-License-Identifier: Apache-2.0

#include "formats/layout.h"

#include <algorithm>

#include "base/hash.h"
#include "formats/text.h"

namespace titer::formats {

std::uint64_t SeenKeys::first(std::initializer_list<std::string_view> parts, std::uint64_t line) {
  key_.clear();
  for (const std::string_view part : parts) {
    key_.append(part);
    key_.push_back('\0');
  }
  const std::uint64_t hash = hash64(as_bytes(key_));
  const auto found = lines_.find(hash);
  if (found != lines_.end()) return found->second;
  if (held_.hold_key()) lines_.emplace(hash, static_cast<std::uint32_t>(line));
  return 0;
}

Header::Header(const CsvRecord& record) : line_(record.line) {
  for (const std::string_view name : record.fields) names_.push_back(lower(trim(name)));
}

std::size_t Header::find(std::string_view name) const {
  const auto at = std::find(names_.begin(), names_.end(), name);
  return at == names_.end() ? kAbsent : static_cast<std::size_t>(at - names_.begin());
}

bool Header::has_all(std::initializer_list<std::string_view> names) const {
  return std::all_of(names.begin(), names.end(), [this](std::string_view n) { return find(n) != kAbsent; });
}

bool fits(const CsvRecord& record, const Header& header, Report& report) {
  if (record.stray_quote) report.note(record.line, "", "text after a closing quote: kept");
  if (record.fields.size() <= header.size()) return true;
  const bool blank = std::all_of(record.fields.begin() + static_cast<std::ptrdiff_t>(header.size()),
                                 record.fields.end(), [](std::string_view f) { return trim(f).empty(); });
  if (blank) return true;  // commas at the end, as spreadsheets leave them
  report.refuse(record.line, "", "more fields than the header has columns: a comma or quote is out of place");
  return false;
}

void note_unread_dates(const Header& header, Report& report) {
  for (std::size_t i = 0; i < header.size(); ++i)
    if (header.name(i).find("date") != std::string::npos || header.name(i).find("time") != std::string::npos)
      report.note(header.line(), header.name(i),
                  "no date of this file is understood, and this column may be one: its stock counts as of now");
}

std::string_view joined_street(std::string_view one, std::string_view two, TextPool& pool) {
  one = trim(one);
  two = trim(two);
  if (two.empty() || same_ignoring_case(one, two)) return one;
  if (one.empty()) return two;
  std::string& both = pool.fresh();
  return both.append(one).append(", ").append(two);
}

Result<std::unique_ptr<Layout>> make_layout(const Header& header, const ColumnMap& map, LayoutContext& context) {
  if (header.has_all({"provider_location_guid", "loc_name", "ndc", "in_stock", "supply_level"}))
    return make_cdc_layout(header, context);
  if (header.has_all({"loc_name", "street", "city", "state", "zip_derived"}))
    return make_national_layout(header, context);
  if (header.has_all({"provider_name", "address1", "national_drug_code", "courses_available"}))
    return make_therapeutics_layout(header, context);
  if (is_inventory(header)) return make_inventory_layout(header, context);
  return make_own_layout(header, map, context);
}

}  // namespace titer::formats
