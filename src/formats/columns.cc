// SPDX-License-Identifier: Apache-2.0

#include "formats/columns.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/time.h"

namespace titer::formats {
namespace {

using registry::SiteFields;

// Columns that are plain texts of a site.
struct PlainText {
  Column column;
  TextField field;
};
constexpr std::array<PlainText, 6> kPlainTexts = {{{Column::kStreet, &SiteFields::street},
                                                   {Column::kCity, &SiteFields::city},
                                                   {Column::kCounty, &SiteFields::county},
                                                   {Column::kPhone, &SiteFields::phone},
                                                   {Column::kProvider, &SiteFields::provider},
                                                   {Column::kHours, &SiteFields::hours}}};

std::size_t at(Column c) { return static_cast<std::size_t>(c); }

void print_escaped(std::string_view text, std::string_view special, std::string& out) {
  for (const char c : text) {
    if (special.find(c) != std::string_view::npos) out.push_back('\\');
    out.push_back(c);
  }
}

}  // namespace

std::optional<Column> column_named(std::string_view name) {
  const auto found = std::find(kColumnNames.begin(), kColumnNames.end(), name);
  if (found == kColumnNames.end()) return std::nullopt;
  return static_cast<Column>(found - kColumnNames.begin());
}

void OwnRows::take(const OwnTexts& texts) {
  RowBuilder& row = context_.builder;
  const auto text = [&texts](Column c) { return texts[at(c)]; };
  const auto name = [](Column c) { return kColumnNames[at(c)]; };
  row.id(name(Column::kSiteId), text(Column::kSiteId));
  row.name(name(Column::kName), text(Column::kName));
  for (const PlainText& plain : kPlainTexts) row.text(plain.field, name(plain.column), text(plain.column));
  row.link(&SiteFields::info_url, name(Column::kInfoUrl), text(Column::kInfoUrl));
  row.link(&SiteFields::booking_url, name(Column::kBookingUrl), text(Column::kBookingUrl));
  row.state(name(Column::kState), text(Column::kState));
  row.zip(name(Column::kZip), text(Column::kZip));
  if (same_ignoring_case(trim(text(Column::kPoint)), "given")) row.trust_place();  // an export of ours
  if (!same_ignoring_case(trim(text(Column::kPoint)), "zip_centroid"))
    row.point(text(Column::kLat), text(Column::kLon));
  row.status(name(Column::kStatus), text(Column::kStatus));
  external_ids(text(Column::kExternalIds), row);
  row.product(name(Column::kProduct), text(Column::kProduct));
  row.availability(name(Column::kAvailability), text(Column::kAvailability));
  row.valid_at(name(Column::kValidAt), text(Column::kValidAt));
  row.source(name(Column::kSource), text(Column::kSource));
  if (const registry::ImportRow* made = row.finish()) check_repeated(*made);
  context_.emit();
}

// Two lines that say different things of one site, product and time would make an import depend on their order, and
// importing the file again would change it to and fro: the first one counts.
void OwnRows::check_repeated(const registry::ImportRow& row) {
  if (!row.stock) return;
  const registry::SiteFields& f = row.fields;
  const std::string zip_street = fmt::format("{}\n{}", f.zip.value_or(""), f.street.value_or(""));
  const std::string_view site = row.id.empty() ? *f.name : row.id;
  const std::string_view place = row.id.empty() ? std::string_view(zip_street) : std::string_view();
  const std::string time = row.stock->valid_at ? time_text(*row.stock->valid_at) : "";
  const std::string value = registry::to_text(row.stock->availability);
  RowBuilder& b = context_.builder;
  const std::uint64_t line = products_.first({site, place, row.stock->product, time}, b.line());
  const std::uint64_t same = claims_.first({site, place, row.stock->product, time, value}, b.line());
  if (same != 0) {
    b.note("availability", "the same site and product were in an earlier line, with the same value",
           fmt::format("line {}", same));
  } else if (line != 0) {
    b.refuse("availability",
             "the same site and product were in an earlier line, with another value: that one counts",
             fmt::format("line {}", line));
  }
}

// `system:value` pairs; '\' makes the next character an ordinary one.
void OwnRows::external_ids(std::string_view text, RowBuilder& builder) {
  text = trim(text);
  std::string* system = &builder.pool().fresh();
  std::string* value = nullptr;
  const auto end_pair = [&] {
    if (value == nullptr) {
      builder.note("external_ids", "an external id is written system:value: left out", *system);
    } else {
      builder.external_id("external_ids", *system, *value);
    }
    system = &builder.pool().fresh();
    value = nullptr;
  };
  if (text.empty()) return;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    std::string& to = value != nullptr ? *value : *system;
    if (c == '\\' && i + 1 < text.size()) {
      to.push_back(text[++i]);
    } else if (c == '|') {
      end_pair();
    } else if (c == ':' && value == nullptr) {
      value = &builder.pool().fresh();
    } else {
      to.push_back(c);
    }
  }
  end_pair();
}

void print_external_ids(const std::vector<registry::ExternalId>& ids, std::string& out) {
  bool first = true;
  for (const auto& [system, value] : ids) {
    if (!first) out.push_back('|');
    first = false;
    print_escaped(system, "\\|:", out);
    out.push_back(':');
    print_escaped(value, "\\|", out);
  }
}

void print_zip(const registry::Site& site, std::string& out) {
  out.append(site.zip);
  if (!site.zip_plus4.empty()) out.append("-").append(site.zip_plus4);
}

}  // namespace titer::formats
