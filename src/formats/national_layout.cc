// SPDX-License-Identifier: Apache-2.0

// The CDC's national list of sites as one project cleaned it (row, loc_name, loc_phone, street, city, state,
// zip_derived, …): sites without stock and without any id.
//
// The id is derived from name, street and ZIP, so that importing the list again finds the same sites. Names alone do
// not tell sites apart: a spreadsheet turned thousands of store numbers into dates ("Walmart Inc #Oct-59" is #10-59),
// so the same name stands for up to 35 places.

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "formats/layout.h"

namespace titer::formats {
namespace {

constexpr std::array<std::string_view, 12> kMonths = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                      "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

// "… #Oct-59" or "… #31-Oct".
bool has_date_for_number(std::string_view name) {
  const std::size_t hash = name.rfind('#');
  if (hash == std::string_view::npos) return false;
  const std::string_view number = name.substr(hash + 1);
  const std::size_t dash = number.find('-');
  if (dash == std::string_view::npos) return false;
  const std::string_view a = number.substr(0, dash), b = number.substr(dash + 1);
  const auto month = [](std::string_view t) {
    return std::find(kMonths.begin(), kMonths.end(), t) != kMonths.end();
  };
  return (month(a) && all_digits(b)) || (all_digits(a) && month(b));
}

class NationalLayout final : public Layout {
 public:
  NationalLayout(const Header& header, LayoutContext& context)
      : header_(header),
        context_(context),
        name_(header.find("loc_name")),
        phone_(header.find("loc_phone")),
        street_(header.find("street")),
        city_(header.find("city")),
        state_(header.find("state")),
        zip_(header.find("zip_derived")),
        web_(header.find("web_address")),
        lat_(header.find("latitude")),
        lon_(header.find("longitude")) {}

  [[nodiscard]] Format format() const override { return Format::kNationalSites; }

  void record(const CsvRecord& record) override {
    using registry::SiteFields;
    if (!fits(record, header_, context_.report)) return;
    RowBuilder& row = context_.builder;
    row.begin(record.line);
    const std::string_view name = trim(field(record, name_)), zip = trim(field(record, zip_));
    const std::string street = lower(trim(field(record, street_)));
    if (name.empty()) return row.refuse("loc_name", "a site needs a name");
    if (const std::uint64_t line = sites_.first({name, street, zip}, record.line); line != 0)
      return row.refuse("", "the same name, street and ZIP code as an earlier line: one site, left out", at(line));
    if (const std::uint64_t line = places_.first({street, zip}, record.line); line != 0)
      row.note("street", "the same street and ZIP code as an earlier line, by another name", at(line));
    if (has_date_for_number(name))
      row.note("loc_name", "the store's number looks like one that a spreadsheet made a date of", name);
    row.id("", row.pool().keep(derived_id("cdc", {name, street, zip_of_identity(zip)})));
    row.name("loc_name", name);
    row.text(&SiteFields::phone, "loc_phone", field(record, phone_));
    row.text(&SiteFields::street, "street", field(record, street_));
    row.text(&SiteFields::city, "city", field(record, city_));
    row.state("state", field(record, state_));
    row.zip("zip_derived", zip);
    row.link(&SiteFields::info_url, "web_address", field(record, web_));
    row.point(field(record, lat_), field(record, lon_));
    context_.emit();
  }

 private:
  std::string_view at(std::uint64_t line) { return context_.builder.pool().keep(fmt::format("line {}", line)); }

  Header header_;
  LayoutContext& context_;
  std::size_t name_, phone_, street_, city_, state_, zip_, web_, lat_, lon_;
  SeenKeys sites_{context_.held}, places_{context_.held};
};

}  // namespace

std::unique_ptr<Layout> make_national_layout(const Header& header, LayoutContext& context) {
  return std::make_unique<NationalLayout>(header, context);
}

}  // namespace titer::formats
