// SPDX-License-Identifier: Apache-2.0

// Inventory sheets of providers: the one that Vaccines.gov gives out to be filled in (a row per site and NDC, with the provider's
// VTrckS PIN), and the sheets of a clinic's refrigerator (a row per lot, with its expiration date and who paid for it).
//
// Rows of one site and pack are put together at the end of the file: doses of lots are added up, of those that have not expired. So
// a sheet of ten lots is one number, and an expired lot is no dose. Doses of the Vaccines for Children program (VFC) are not for
// everybody: they are a line of their own, the pack's code with ".vfc" behind it.
// A cell that was never filled in ("<Enter Quantity>") is blank; then "In Stock" counts, as yes or no.
// A sheet without names of sites is of the sites that have its PIN as external id ("vtrcks" or "vfc").
// Memory: some 300 bytes per site and pack, within the HeldMemory of the file.

#include <fmt/format.h>

#include <array>
#include <boost/unordered/unordered_flat_map.hpp>
#include <utility>

#include "base/number.h"
#include "formats/file_time.h"
#include "formats/layout.h"
#include "registry/products.h"

namespace titer::formats {
// Of its own, because files are compiled together.
namespace inventory {
namespace {

using registry::Availability;

enum Name : std::uint8_t {
  kSite,
  kStreet1,
  kStreet2,
  kCity,
  kState,
  kZip,
  kProvider,
  kPin,
  kVfcPin,
  kNdc,
  kVaccine,
  kQuantity,
  kInStock,
  kLot,
  kExpires,
  kFund,
  kDate,
  kColumnCount
};
// As the two kinds of sheet call them; the first that is there.
constexpr std::array<std::array<std::string_view, 3>, kColumnCount> kInventoryColumns = {{
    {"provider location name", "site name", "clinic name"},
    {"street address", "address", ""},
    {"street address 2", "address 2", ""},
    {"city", "", ""},
    {"state", "", ""},
    {"zip", "zip code", ""},
    {"organization name", "", ""},
    {"vtrcks pin", "vtrcks provider pin", ""},
    {"vfc pin", "provider pin", "pin"},
    {"ndc", "ndc code", ""},
    {"vaccine", "vaccine name", "product"},
    {"quantity", "doses on hand", "quantity on hand"},
    {"in stock", "", ""},
    {"lot number", "lot", "lot #"},
    {"expiration date", "exp date", "expires"},
    {"funding source", "fund", "funding type"},
    {"inventory date", "as of date", "date"},
}};

// What one site has of one pack, of all rows about it so far.
struct Stock {
  std::string name, street, city, state, zip, provider, vtrcks, vfc, product;
  Availability availability;
  std::optional<WallTime> valid_at;
  std::uint64_t line = 0;
};
constexpr std::size_t kInventoryStockBytes = 2 * sizeof(Stock) + 2 * sizeof(std::pair<std::string, std::size_t>);

std::size_t find_any(const Header& header, Name name) {
  for (const std::string_view text : kInventoryColumns[name])
    if (const std::size_t at = text.empty() ? Header::kAbsent : header.find(text); at != Header::kAbsent) return at;
  return Header::kAbsent;
}

Availability sum(Availability a, Availability b) {
  using Kind = Availability::Kind;
  if (a.kind == Kind::kCount && b.kind == Kind::kCount) return Availability::of(a.count + b.count);
  if (a.kind == Kind::kCount || b.kind == Kind::kCount) return a.kind == Kind::kCount ? a : b;
  return a.kind == Kind::kYes || b.kind == Kind::kYes ? Availability::yes() : a;
}

class InventoryLayout final : public Layout {
 public:
  InventoryLayout(const Header& header, LayoutContext& context) : header_(header), context_(context) {
    for (std::size_t i = 0; i < kColumnCount; ++i) columns_[i] = find_any(header, static_cast<Name>(i));
  }

  [[nodiscard]] Format format() const override { return Format::kInventory; }

  void record(const CsvRecord& record) override {
    if (!fits(record, header_, context_.report)) return;
    RowBuilder& row = context_.builder;
    row.begin(record.line);
    Stock stock;
    stock.line = record.line;
    stock.name = get(record, kSite);
    stock.street = joined_street(get(record, kStreet1), get(record, kStreet2), row.pool());
    stock.city = get(record, kCity);
    stock.state = get(record, kState);
    stock.zip = get(record, kZip);
    stock.provider = get(record, kProvider);
    stock.vtrcks = get(record, kPin);
    stock.vfc = get(record, kVfcPin);
    if (stock.name.empty() && stock.vtrcks.empty() && stock.vfc.empty())
      return row.refuse(header_name(kSite), "a row names its site, or has its PIN");
    if (!read_product(record, stock)) return;
    if (!read_amount(record, stock)) return;
    stock.valid_at = row.moment(header_name(kDate), get(record, kDate), zip_of_identity(stock.zip), stock.state);
    if (!row.refused()) merge(std::move(stock));
  }

  void finish() override {
    using registry::SiteFields;
    for (const Stock& s : stock_) {
      RowBuilder& row = context_.builder;
      row.begin(s.line);
      row.name(header_name(kSite), s.name);
      row.text(&SiteFields::street, header_name(kStreet1), s.street);
      row.text(&SiteFields::city, header_name(kCity), s.city);
      row.text(&SiteFields::provider, header_name(kProvider), s.provider);
      row.state(header_name(kState), s.state);
      row.zip(header_name(kZip), s.zip);
      if (!s.vtrcks.empty()) row.external_id(header_name(kPin), "vtrcks", s.vtrcks);
      if (!s.vfc.empty()) row.external_id(header_name(kVfcPin), "vfc", s.vfc);
      row.product(header_name(kNdc), s.product);
      row.availability(s.availability);
      if (s.valid_at) row.valid_at(*s.valid_at);
      row.source("", "inventory");
      context_.emit();
    }
  }

 private:
  // Blank where the sheet still has its instruction.
  [[nodiscard]] std::string_view get(const CsvRecord& record, Name name) const {
    const std::string_view text = trim(field(record, columns_[name]));
    return (text.starts_with('<') && text.ends_with('>')) || says_nothing(text) ? std::string_view() : text;
  }
  [[nodiscard]] std::string_view header_name(Name name) const {
    return columns_[name] == Header::kAbsent ? std::string_view() : std::string_view(header_.name(columns_[name]));
  }

  bool read_product(const CsvRecord& record, Stock& stock) {
    const bool coded = !get(record, kNdc).empty();
    const std::string_view text = coded ? get(record, kNdc) : get(record, kVaccine);
    RowBuilder& row = context_.builder;
    row.product(header_name(coded ? kNdc : kVaccine), text);
    if (row.refused()) return false;
    stock.product = row.product_code();
    if (same_ignoring_case(get(record, kFund), "VFC")) stock.product += registry::kVfcMark;
    return true;
  }

  // False: the row says nothing, or was refused.
  bool read_amount(const CsvRecord& record, Stock& stock) {
    RowBuilder& row = context_.builder;
    const std::string_view quantity = get(record, kQuantity), in_stock = get(record, kInStock);
    const std::string_view text = quantity.empty() ? in_stock : quantity;
    const Name name = quantity.empty() ? kInStock : kQuantity;
    if (text.empty()) {
      row.refuse(header_name(kQuantity), "neither a quantity nor whether there is any");
      return false;
    }
    const auto amount = read_availability(text);
    if (!amount) {
      row.refuse(header_name(name), "a quantity is a count of doses, or yes or no", text);
      return false;
    }
    stock.availability = *amount;
    if (has_expired(record)) stock.availability = Availability::of(0);
    return !row.refused();
  }

  // The lot is good to the end of the day that stands on it.
  bool has_expired(const CsvRecord& record) {
    RowBuilder& row = context_.builder;
    const std::string_view text = get(record, kExpires);
    if (text.empty()) return false;
    const Result<FileTime> day = read_file_time(text);
    if (!day) {
      row.refuse(header_name(kExpires), day.error().message, text);
      return false;
    }
    if (context_.now == WallTime() || moment_of(*day, TimeZone{}, {}) >= context_.now) return false;
    row.note(header_name(kExpires), "the lot has expired: its doses are not counted", text);
    return true;
  }

  void merge(Stock next) {
    const std::string key = fmt::format("{}\n{}\n{}\n{}\n{}", folded(next.name), zip_of_identity(next.zip),
                                        next.vtrcks, next.vfc, next.product);
    const auto [at, added] = by_key_.try_emplace(key, stock_.size());
    if (added && !context_.held.hold(kInventoryStockBytes + 4 * key.size())) {
      by_key_.erase(at);
      return context_.builder.refuse("", kHoldsTooMuch);
    }
    if (added) return stock_.push_back(std::move(next));
    Stock& known = stock_[at->second];
    known.availability = sum(known.availability, next.availability);
    // All of them are known as of the oldest.
    if (known.valid_at && next.valid_at) known.valid_at = std::min(*known.valid_at, *next.valid_at);
  }

  Header header_;
  LayoutContext& context_;
  std::array<std::size_t, kColumnCount> columns_{};
  std::vector<Stock> stock_;
  boost::unordered_flat_map<std::string, std::size_t> by_key_;
};

bool is_sheet(const Header& header) {
  const auto has = [&](Name name) { return find_any(header, name) != Header::kAbsent; };
  if (!has(kQuantity) || (!has(kNdc) && !has(kVaccine))) return false;
  const bool by_lot = has(kLot) && (has(kPin) || has(kVfcPin) || has(kSite));
  return by_lot || header.find("provider location name") != Header::kAbsent;
}

}  // namespace
}  // namespace inventory

bool is_inventory(const Header& header) { return inventory::is_sheet(header); }

std::unique_ptr<Layout> make_inventory_layout(const Header& header, LayoutContext& context) {
  return std::make_unique<inventory::InventoryLayout>(header, context);
}

}  // namespace titer::formats
