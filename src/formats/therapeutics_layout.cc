// SPDX-License-Identifier: Apache-2.0

// The HHS locator of COVID-19 therapeutics: courses on hand — real counts — per site and NDC.
//
// No column is an id (facility_id went through a spreadsheet: 2.44e+38), so it is derived from name, street and ZIP, as they should be written:
// the same file has a ZIP code with its leading zeros in one month and without them in the next.
// The products are no vaccines: their NDC is kept as the product code.

#include <array>

#include "formats/layout.h"

namespace titer::formats {
namespace {

enum Name : std::uint8_t {
  kSite,
  kStreet1,
  kStreet2,

  kCity,
  kCounty,
  kState,
  kZip,
  kNdc,
  kCourses,
  kPoint,
  kNpi,
  kColumnCount
};
constexpr std::array<std::string_view, kColumnCount> kTherapeuticsColumns = {
    "provider_name",      "address1",          "address2",         "city", "county", "state_code", "zip",
    "national_drug_code", "courses_available", "geocoded_address", "npi"};
// When the courses were counted, as the file called it at different times; the first that is there.
constexpr std::array<std::string_view, 3> kDateColumns = {"last_report_date", "courses_available_date",
                                                          "report_date"};

// "POINT (-149.954561 61.137411)": longitude first.
bool read_point(std::string_view text, std::string_view& lat, std::string_view& lon) {
  constexpr std::string_view kBegin = "POINT (";
  if (!text.starts_with(kBegin) || !text.ends_with(')')) return false;
  text = text.substr(kBegin.size(), text.size() - kBegin.size() - 1);
  const std::size_t blank = text.find(' ');
  if (blank == std::string_view::npos) return false;
  lon = text.substr(0, blank);
  lat = text.substr(blank + 1);
  return true;
}

class TherapeuticsLayout final : public Layout {
 public:
  TherapeuticsLayout(const Header& header, LayoutContext& context) : header_(header), context_(context) {
    for (std::size_t i = 0; i < kColumnCount; ++i) columns_[i] = header.find(kTherapeuticsColumns[i]);
    for (const std::string_view name : kDateColumns)
      if (date_ == Header::kAbsent) date_ = header.find(name);
    if (date_ == Header::kAbsent) note_unread_dates(header, context.report);
  }

  [[nodiscard]] Format format() const override { return Format::kTherapeutics; }

  void record(const CsvRecord& record) override {
    if (!fits(record, header_, context_.report)) return;
    RowBuilder& row = context_.builder;
    row.begin(record.line);
    const std::string_view name = trim(get(record, kSite)), ndc = trim(get(record, kNdc));
    if (name.empty()) return row.refuse(kTherapeuticsColumns[kSite], "a site needs a name");
    const std::string id = derived_id("hhs", {name, get(record, kStreet1), zip_of_identity(get(record, kZip))});
    if (repeated_.first({id, ndc}, record.line) != 0)
      return row.refuse("", "the same site and product as an earlier line: that one counts");
    row.id("", id);
    // The rows of one site write its fields differently; taking turns they would change it with every import.
    if (sites_.first({id}, record.line) == 0) site(record, name);
    row.product(kTherapeuticsColumns[kNdc], ndc);
    row.availability(kTherapeuticsColumns[kCourses], get(record, kCourses));
    const std::string_view column = date_ != Header::kAbsent ? std::string_view(header_.name(date_)) : "";
    const auto time =
        row.moment(column, field(record, date_), zip_of_identity(get(record, kZip)), get(record, kState));
    if (time) row.valid_at(*time);
    row.source("", "hhs");
    context_.emit();
  }

 private:
  [[nodiscard]] std::string_view get(const CsvRecord& record, Name name) const {
    return field(record, columns_[name]);
  }

  void site(const CsvRecord& record, std::string_view name) {
    using registry::SiteFields;
    RowBuilder& row = context_.builder;
    row.name(kTherapeuticsColumns[kSite], name);
    row.text(&SiteFields::street, kTherapeuticsColumns[kStreet1],
             joined_street(get(record, kStreet1), get(record, kStreet2), row.pool()));
    row.text(&SiteFields::city, kTherapeuticsColumns[kCity], get(record, kCity));
    row.text(&SiteFields::county, kTherapeuticsColumns[kCounty], get(record, kCounty));
    row.state(kTherapeuticsColumns[kState], get(record, kState));
    row.zip(kTherapeuticsColumns[kZip], get(record, kZip));
    point(trim(get(record, kPoint)));
    npi(trim(get(record, kNpi)));
  }

  void point(std::string_view text) {
    RowBuilder& row = context_.builder;
    std::string_view lat, lon;
    if (text.empty()) return row.note(kTherapeuticsColumns[kPoint], "no point: the ZIP code's centre is used");
    if (!read_point(text, lat, lon)) return row.note(kTherapeuticsColumns[kPoint], "not a point: left out", text);
    row.point(lat, lon);
  }

  // Several sites may share one.
  void npi(std::string_view text) {
    RowBuilder& row = context_.builder;
    if (text.empty()) return;
    if (text.ends_with(".0")) {
      row.note(kTherapeuticsColumns[kNpi], "a number that a spreadsheet gave a fraction: taken without it", text);
      text.remove_suffix(2);
    }
    if (all_digits(text) && text.size() == 10) return row.external_id(kTherapeuticsColumns[kNpi], "npi_usa", text);
    row.note(kTherapeuticsColumns[kNpi], "not an NPI of 10 digits: left out", text);
  }

  Header header_;
  LayoutContext& context_;
  std::array<std::size_t, kColumnCount> columns_{};
  std::size_t date_ = Header::kAbsent;
  SeenKeys repeated_{context_.held}, sites_{context_.held};
};

}  // namespace

std::unique_ptr<Layout> make_therapeutics_layout(const Header& header, LayoutContext& context) {
  return std::make_unique<TherapeuticsLayout>(header, context);
}

}  // namespace titer::formats
