// SPDX-License-Identifier: Apache-2.0

// Writer: sites out as a file, one after another; the entrance of this room for writing.
//
// CSV and NDJSON have one row per stock line, with the site's fields in each; a site without stock has one row with
// product and availability blank. What they write, Reader imports again without changing anything. GeoJSON has one
// feature per site, its stock as a list; a site without a point has a null geometry.
// Times are UTC. The text goes to the end of `out`; call begin(), site() for each, end().
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "registry/types.h"

namespace titer::formats {

enum class ExportFormat : std::uint8_t { kCsv, kNdjson, kGeoJson };
// "csv", "ndjson", "geojson".
[[nodiscard]] std::optional<ExportFormat> export_format_named(std::string_view name);
[[nodiscard]] std::string_view media_type(ExportFormat format);

class Writer {
 public:
  virtual ~Writer() = default;
  virtual void begin(std::string& out) = 0;
  virtual void site(const registry::Site& site, std::string& out) = 0;
  virtual void end(std::string& out) = 0;
};
[[nodiscard]] std::unique_ptr<Writer> make_writer(ExportFormat format);

}  // namespace titer::formats
