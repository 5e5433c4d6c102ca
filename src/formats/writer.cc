// SPDX-License-Identifier: Apache-2.0

#include "formats/writer.h"

#include <fmt/format.h>

#include <iterator>

#include "base/json_string.h"
#include "base/time.h"
#include "formats/columns.h"
#include "formats/csv.h"
#include "formats/json_text.h"

namespace titer::formats {
namespace {

using registry::PointSource;
using registry::Site;
using registry::StockLine;

std::string_view point_name(PointSource source) {
  return source == PointSource::kGiven ? "given" : source == PointSource::kZipCentroid ? "zip_centroid" : "";
}

// --- CSV

void print_quoted(std::string_view text, std::string& out) {
  // Blanks around would be lost by readers that trim, ours among them: no reason to quote for them.
  if (text.find_first_of(",\"\r\n") == std::string_view::npos) {
    out.append(text);
    return;
  }
  out.push_back('"');
  for (const char c : text) {
    if (c == '"') out.push_back('"');
    out.push_back(c);
  }
  out.push_back('"');
}

void print_field(std::string_view text, std::string& out) {
  if (!begins_like_formula(text)) return print_quoted(text, out);
  print_quoted("'" + std::string(text), out);
}

class CsvWriter final : public Writer {
 public:
  void begin(std::string& out) override {
    for (std::size_t i = 0; i < kColumns; ++i) out.append(i == 0 ? "" : ",").append(kColumnNames[i]);
    out.push_back('\n');
  }
  void site(const Site& site, std::string& out) override {
    tail_.clear();
    tail(site);
    if (site.stock.empty()) row(site, nullptr, out);
    for (const StockLine& line : site.stock) row(site, &line, out);
  }
  void end(std::string&) override {}

 private:
  void row(const Site& site, const StockLine* line, std::string& out) {
    for (const std::string_view text : {site.id, site.name, site.street, site.city, site.state}) {
      print_field(text, out);
      out.push_back(',');
    }
    print_zip(site, out);
    out.push_back(',');
    if (line != nullptr) out.append(line->product);
    out.push_back(',');
    if (line != nullptr) registry::print(line->availability, out);
    out.push_back(',');
    if (line != nullptr && line->valid_at != WallTime()) print_time(line->valid_at, out);
    out.push_back(',');
    if (line != nullptr) print_field(line->source, out);
    out.append(tail_);
  }
  // The fields that are the same in all rows of the site: from the county on.
  void tail(const Site& site) {
    tail_.push_back(',');
    print_field(site.county, tail_);
    if (site.point == PointSource::kNone) {
      tail_.append(",,,");
    } else {
      fmt::format_to(std::back_inserter(tail_), ",{},{},{}", site.lat, site.lon, point_name(site.point));
    }
    for (const std::string_view text : {site.phone, site.info_url, site.booking_url, site.provider, site.hours}) {
      tail_.push_back(',');
      print_field(text, tail_);
    }
    tail_.append(",").append(registry::name(site.status)).append(",");
    ids_.clear();
    print_external_ids(site.external_ids, ids_);
    print_field(ids_, tail_);
    tail_.push_back('\n');
  }
  std::string tail_, ids_;
};

// --- JSON

// The site's fields as members, in the names of our own formats; blank ones are left out.
void members_of(const Site& site, JsonMembers& json) {
  json.text("site_id", site.id);
  json.text("name", site.name);
  json.text("street", site.street);
  json.text("city", site.city);
  json.text("state", site.state);
  std::string zip;
  print_zip(site, zip);
  json.text("zip", zip);
  json.text("county", site.county);
  json.text("phone", site.phone);
  json.text("info_url", site.info_url);
  json.text("booking_url", site.booking_url);
  json.text("provider", site.provider);
  json.text("hours", site.hours);
  json.text("status", registry::name(site.status));
  if (!site.external_ids.empty()) json.pairs("external_ids", site.external_ids);
}

void members_of(const StockLine& line, JsonMembers& json) {
  using Kind = registry::Availability::Kind;
  json.text("product", line.product);
  switch (line.availability.kind) {
    case Kind::kUnknown: json.text("availability", "unknown"); break;
    case Kind::kNo: json.raw("availability", "false"); break;
    case Kind::kYes: json.raw("availability", "true"); break;
    case Kind::kCount: json.raw("availability", fmt::format("{}", line.availability.count)); break;
  }
  if (line.valid_at != WallTime()) json.text("valid_at", time_text(line.valid_at));
  json.text("source", line.source);
}

void point_of(const Site& site, JsonMembers& json) {
  if (site.point == PointSource::kNone) return;
  json.raw("lat", fmt::format("{}", site.lat));
  json.raw("lon", fmt::format("{}", site.lon));
  json.text("point", point_name(site.point));
}

class NdjsonWriter final : public Writer {
 public:
  void begin(std::string&) override {}
  void site(const Site& site, std::string& out) override {
    if (site.stock.empty()) row(site, nullptr, out);
    for (const StockLine& line : site.stock) row(site, &line, out);
  }
  void end(std::string&) override {}

 private:
  static void row(const Site& site, const StockLine* line, std::string& out) {
    out.push_back('{');
    JsonMembers json(out);
    members_of(site, json);
    point_of(site, json);
    if (line != nullptr) members_of(*line, json);
    out.append("}\n");
  }
};

class GeoJsonWriter final : public Writer {
 public:
  void begin(std::string& out) override {
    out.append("{\"type\":\"FeatureCollection\",\"features\":[");
    first_ = true;
  }
  void site(const Site& site, std::string& out) override {
    out.append(first_ ? "\n" : ",\n").append("{\"type\":\"Feature\",\"id\":");
    first_ = false;
    print_json_string(site.id, out);
    if (site.point == PointSource::kNone) {
      out.append(",\"geometry\":null");
    } else {
      fmt::format_to(std::back_inserter(out), ",\"geometry\":{{\"type\":\"Point\",\"coordinates\":[{},{}]}}",
                     site.lon, site.lat);
    }
    out.append(",\"properties\":{");
    JsonMembers json(out);
    members_of(site, json);
    json.text("point", point_name(site.point));
    json.raw("stock", "[");
    bool first = true;
    for (const StockLine& line : site.stock) {
      out.append(first ? "{" : ",{");
      first = false;
      JsonMembers members(out);
      members_of(line, members);
      out.push_back('}');
    }
    out.append("]}}");
  }
  void end(std::string& out) override { out.append("\n]}\n"); }

 private:
  bool first_ = true;
};

}  // namespace

std::optional<ExportFormat> export_format_named(std::string_view name) {
  if (name == "csv") return ExportFormat::kCsv;
  if (name == "ndjson") return ExportFormat::kNdjson;
  if (name == "geojson") return ExportFormat::kGeoJson;
  return std::nullopt;
}

std::string_view media_type(ExportFormat format) {
  switch (format) {
    case ExportFormat::kCsv: return "text/csv; charset=utf-8; header=present";
    case ExportFormat::kNdjson: return "application/x-ndjson";
    case ExportFormat::kGeoJson: return "application/geo+json";
  }
  return "application/octet-stream";
}

std::unique_ptr<Writer> make_writer(ExportFormat format) {
  switch (format) {
    case ExportFormat::kCsv: return std::make_unique<CsvWriter>();
    case ExportFormat::kNdjson: return std::make_unique<NdjsonWriter>();
    case ExportFormat::kGeoJson: return std::make_unique<GeoJsonWriter>();
  }
  return nullptr;
}

}  // namespace titer::formats
