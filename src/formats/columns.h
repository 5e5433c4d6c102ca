// SPDX-License-Identifier: Apache-2.0

// The columns of our own formats: CSV header names and NDJSON keys alike.
//
// availability: a count, "true", "false", "unknown"; blank: leave as it is. zip: "02138" or "02138-1234".
// point: "given", or "zip_centroid" — then lat and lon are only for the reader's convenience and are not imported.
// external_ids in CSV: "system:value", several with '|' between; '\' before a ':' (in the system), '|' or '\'.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "formats/layout.h"
#include "registry/types.h"

namespace titer::formats {

enum class Column : std::uint8_t {
  kSiteId,
  kName,
  kStreet,
  kCity,
  kState,
  kZip,
  kProduct,
  kAvailability,
  kValidAt,
  kSource,
  kCounty,
  kLat,
  kLon,
  kPoint,
  kPhone,
  kInfoUrl,
  kBookingUrl,
  kProvider,
  kHours,
  kStatus,
  kExternalIds,
};
inline constexpr std::size_t kColumns = 21;
// In the order of Column, which is the order in which they are written.
inline constexpr std::array<std::string_view, kColumns> kColumnNames = {
    "site_id",      "name",     "street",      "city",     "state", "zip",    "product",
    "availability", "valid_at", "source",      "county",   "lat",   "lon",    "point",
    "phone",        "info_url", "booking_url", "provider", "hours", "status", "external_ids"};

[[nodiscard]] std::optional<Column> column_named(std::string_view name);

// The texts of one own row, blank where there is none.
using OwnTexts = std::array<std::string_view, kColumns>;

// Makes rows of texts, with the checks that need more than one row: a site and product that come twice.
class OwnRows {
 public:
  explicit OwnRows(LayoutContext& context) : context_(context) {}
  // The builder must have begun the row.
  void take(const OwnTexts& texts);
  // External ids are taken from the CSV text, unless they were given to the builder before.
  static void external_ids(std::string_view text, RowBuilder& builder);

 private:
  void check_repeated(const registry::ImportRow& row);
  LayoutContext& context_;
  SeenKeys products_{context_.held}, claims_{context_.held};
};

// Appends the CSV text of external ids.
void print_external_ids(const std::vector<registry::ExternalId>& ids, std::string& out);
// "02138" or "02138-1234".
void print_zip(const registry::Site& site, std::string& out);

}  // namespace titer::formats
