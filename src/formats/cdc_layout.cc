// SPDX-License-Identifier: Apache-2.0

// The CDC's "COVID-19 vaccinating provider locations" (Vaccines.gov), 34 columns: one row per site and NDC.
//
// A site is given out with the first of its rows. Stock is given out at the end of the file, because several NDCs can
// be one CVX product (two makers' labels of one vaccine): a site has the product if any of them is in stock. Giving
// them out one after the other would let the last one win, and each import would change the line to and fro.
// Memory: about 400 bytes per (site, product), within the HeldMemory of the file.
//
// Availability (the rule that aggregators settled on, for the file's two columns contradict each other in a third of
// its rows): in_stock true and supply_level above 0 is yes; false and 0 is no; everything else is unknown.

#include <fmt/format.h>

#include <array>
#include <utility>

#include "formats/layout.h"
#include "registry/product_text.h"
#include "registry/products.h"

namespace titer::formats {
namespace {

using registry::Availability;

enum Name : std::uint8_t {
  kGuid,
  kPhone,
  kName,
  kStreet1,
  kStreet2,
  kCity,
  kState,
  kZip,
  kSunday,
  kMonday,
  kTuesday,
  kWednesday,
  kThursday,
  kFriday,
  kSaturday,
  kWeb,
  kPreScreen,
  kNdc,
  kInStock,
  kLevel,
  kUpdated,
  kLat,
  kLon,
  kColumnCount
};
constexpr std::array<std::string_view, kColumnCount> kCdcColumns = {"provider_location_guid",
                                                                    "loc_phone",
                                                                    "loc_name",
                                                                    "loc_admin_street1",
                                                                    "loc_admin_street2",
                                                                    "loc_admin_city",
                                                                    "loc_admin_state",
                                                                    "loc_admin_zip",
                                                                    "sunday_hours",
                                                                    "monday_hours",
                                                                    "tuesday_hours",
                                                                    "wednesday_hours",
                                                                    "thursday_hours",
                                                                    "friday_hours",
                                                                    "saturday_hours",
                                                                    "web_address",
                                                                    "pre_screen",
                                                                    "ndc",
                                                                    "in_stock",
                                                                    "supply_level",
                                                                    "quantity_last_updated",
                                                                    "latitude",
                                                                    "longitude"};
constexpr std::array<std::string_view, 7> kDays = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};

// What one site has of one product, of all rows about it so far.
struct Stock {
  std::string site;
  std::string product;
  Availability availability;
  WallTime valid_at;
  std::uint64_t line = 0;
};

// Of one Stock and its place in the index, when both have just grown.
constexpr std::size_t kStockBytes = 2 * sizeof(Stock) + 2 * sizeof(std::pair<std::string, std::size_t>);

int strength(Availability a) {
  return a.kind == Availability::Kind::kYes ? 2 : a.kind == Availability::Kind::kUnknown ? 1 : 0;
}

class CdcLayout final : public Layout {
 public:
  CdcLayout(const Header& header, LayoutContext& context) : header_(header), context_(context) {
    for (std::size_t i = 0; i < kColumnCount; ++i) columns_[i] = header.find(kCdcColumns[i]);
  }

  [[nodiscard]] Format format() const override { return Format::kCdcProviders; }

  void record(const CsvRecord& record) override {
    if (!fits(record, header_, context_.report)) return;
    RowBuilder& row = context_.builder;
    row.begin(record.line);
    const std::string_view guid = trim(get(record, kGuid));
    if (guid.empty()) return row.refuse(kCdcColumns[kGuid], "a site without its guid cannot be told from others");
    row.id(kCdcColumns[kGuid], guid);
    if (row.refused()) return;
    if (sites_.first({guid}, record.line) == 0) site(record, guid);
    if (!row.refused()) stock(record, guid);
  }

  void finish() override {
    for (const Stock& s : stock_) {
      RowBuilder& row = context_.builder;
      row.begin(s.line);
      row.id(kCdcColumns[kGuid], s.site);
      row.product(kCdcColumns[kNdc], s.product);
      row.availability(s.availability);
      if (s.valid_at != WallTime()) row.valid_at(s.valid_at);
      row.source("", "vaccines.gov");
      context_.emit();
    }
  }

 private:
  [[nodiscard]] std::string_view get(const CsvRecord& record, Name name) const {
    return field(record, columns_[name]);
  }
  void text(const CsvRecord& record, TextField to, Name name) {
    context_.builder.text(to, kCdcColumns[name], get(record, name));
  }

  void site(const CsvRecord& record, std::string_view guid) {
    using registry::SiteFields;
    RowBuilder& row = context_.builder;
    row.name(kCdcColumns[kName], get(record, kName));
    text(record, &SiteFields::phone, kPhone);
    row.text(&SiteFields::street, kCdcColumns[kStreet1],
             joined_street(get(record, kStreet1), get(record, kStreet2), row.pool()));
    text(record, &SiteFields::city, kCity);
    row.state(kCdcColumns[kState], get(record, kState));
    row.zip(kCdcColumns[kZip], get(record, kZip));
    row.link(&SiteFields::info_url, kCdcColumns[kWeb], get(record, kWeb));
    row.link(&SiteFields::booking_url, kCdcColumns[kPreScreen], get(record, kPreScreen));
    row.text(&SiteFields::hours, "hours", hours(record));
    row.point(get(record, kLat), get(record, kLon));
    row.external_id(kCdcColumns[kGuid], "vaccines_gov", guid);
    context_.emit();
  }

  std::string_view hours(const CsvRecord& record) {
    std::string& out = context_.builder.pool().fresh();
    for (std::size_t day = 0; day < kDays.size(); ++day) {
      const std::string_view open = trim(field(record, columns_[kSunday + day]));
      if (!open.empty()) out.append(out.empty() ? "" : "; ").append(kDays[day]).append(" ").append(open);
    }
    return out;
  }

  void stock(const CsvRecord& record, std::string_view guid) {
    RowBuilder& row = context_.builder;
    row.begin(record.line);
    const std::string_view ndc = trim(get(record, kNdc));
    if (ndc.empty()) return row.note(kCdcColumns[kNdc], "no product code: this row's stock was left out");
    const registry::ProductReading reading = registry::read_product(ndc);
    if (reading.code.empty())
      return row.note(kCdcColumns[kNdc], "not a product code: this row's stock was left out", ndc);
    const std::string product(registry::vaccine_of(reading.code).value_or(reading.code));
    const Availability availability = rule(record);
    const auto time = row.moment(kCdcColumns[kUpdated], get(record, kUpdated), zip_of_identity(get(record, kZip)),
                                 get(record, kState));
    if (!row.refused()) merge({std::string(guid), product, availability, time.value_or(WallTime()), record.line});
  }

  Availability rule(const CsvRecord& record) {
    RowBuilder& row = context_.builder;
    const std::string_view in_stock = trim(get(record, kInStock)), level = trim(get(record, kLevel));
    const bool yes = same_ignoring_case(in_stock, "true"), no = same_ignoring_case(in_stock, "false");
    if (yes && level.size() == 1 && level[0] >= '1' && level[0] <= '9') return Availability::yes();
    if (no && level == "0") return Availability::no();
    if (yes && level == "0") {
      row.note(kCdcColumns[kLevel], "in_stock is true but the supply level is 0: kept as unknown");
    } else if (yes && level == "-1") {
      row.note(kCdcColumns[kLevel], "in_stock is true but no supply level was reported: kept as unknown");
    } else {
      row.note(kCdcColumns[kLevel], "in_stock and supply level say nothing together: kept as unknown",
               row.pool().keep(fmt::format("{}, {}", in_stock.substr(0, 20), level.substr(0, 20))));
    }
    return Availability::unknown();
  }

  void merge(Stock next) {
    const std::string key = next.site + '\n' + next.product;
    const auto [at, added] = by_key_.try_emplace(key, stock_.size());
    if (added && !context_.held.hold(kStockBytes + 2 * key.size())) {
      by_key_.erase(at);
      return context_.builder.refuse("", kHoldsTooMuch);
    }
    if (added) return stock_.push_back(std::move(next));
    Stock& known = stock_[at->second];
    context_.builder.note(kCdcColumns[kNdc], "another code of a product that the site has already: put together",
                          context_.builder.pool().keep(fmt::format("line {}", known.line)));
    const int more = strength(next.availability) - strength(known.availability);
    if (more > 0 || (more == 0 && next.valid_at > known.valid_at)) known = std::move(next);
  }

  Header header_;
  LayoutContext& context_;
  std::array<std::size_t, kColumnCount> columns_{};
  SeenKeys sites_{context_.held};
  std::vector<Stock> stock_;
  boost::unordered_flat_map<std::string, std::size_t> by_key_;
};

}  // namespace

std::unique_ptr<Layout> make_cdc_layout(const Header& header, LayoutContext& context) {
  return std::make_unique<CdcLayout>(header, context);
}

}  // namespace titer::formats
