// SPDX-License-Identifier: Apache-2.0

#include "formats/smart_writer.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/json_string.h"
#include "base/limits.h"
#include "base/time.h"
#include "formats/columns.h"
#include "formats/json_text.h"
#include "formats/row.h"
#include "formats/smart_names.h"
#include "formats/text.h"
#include "registry/products.h"
#include "registry/state.h"

namespace titer::formats {
namespace {

using registry::Availability;
using registry::Site;
using registry::StockLine;

constexpr std::int64_t kSlotMs = 3'600'000;
constexpr std::string_view kServiceType =
    R"([{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/service-type","code":"57","display":"Immunization"},)"
    R"({"system":"http://fhir-registry.smarthealthit.org/CodeSystem/service-type","code":"covid19-immunization",)"
    R"("display":"COVID-19 Immunization Appointment"}]}])";
constexpr std::string_view kCaveat = "Availability is stock that the site reported, not appointments.";

bool is_web_address(std::string_view text) {
  const std::string_view start = text.substr(0, 8);
  return same_ignoring_case(start.substr(0, 7), "http://") || same_ignoring_case(start, "https://");
}

// Numbers that lost digits reach nobody.
bool is_phone(std::string_view text) {
  return std::count_if(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; }) >= 10;
}

// Between braces that the caller writes: {"url":…,<kind>:<json>}
void extension(std::string_view url, std::string_view kind, std::string_view json, std::string& out) {
  if (out.back() != '[') out.push_back(',');
  out.push_back('{');
  JsonMembers members(out);
  members.text("url", url);
  members.raw(kind, json);
  out.push_back('}');
}

// --- Location

void identifier(std::string_view system, std::string_view value, std::string& out) {
  if (out.back() != '[') out.push_back(',');
  out.push_back('{');
  JsonMembers members(out);
  members.text("system", system);
  members.text("value", value);
  out.push_back('}');
}

std::string identifiers(const Site& site) {
  std::string out = "[";
  for (const auto& [system, value] : site.external_ids) {
    if (system == "vtrcks") {
      identifier(smart::kVtrcks, value, out);
    } else if (system == "npi_usa") {
      identifier(smart::kNpi, value, out);
    } else {
      identifier(std::string(smart::kOwnSystem).append(system), value, out);
    }
  }
  identifier(smart::kOwnSite, site.id, out);
  return out + "]";
}

std::string telecom(const Site& site) {
  std::string out = "[";
  if (is_phone(site.phone)) identifier("phone", site.phone, out);
  if (is_web_address(site.info_url)) identifier("url", site.info_url, out);
  return out + "]";
}

std::string address(const Site& site) {
  std::string zip, out = "{";
  print_zip(site, zip);
  JsonMembers members(out);
  members.raw("line", "[" + json_string(site.street) + "]");
  members.text("city", site.city);
  members.text("state", site.state);
  members.text("postalCode", zip);
  members.text("district", site.county);
  return out + "}";
}

void print_location(const Site& site, std::string& out) {
  out.push_back('{');
  JsonMembers members(out);
  members.text("resourceType", "Location");
  members.text("id", site.id);
  members.raw("meta", fmt::format(R"({{"lastUpdated":"{}"}})", time_text(site.updated_at)));
  members.raw("identifier", identifiers(site));
  members.text("name", site.name);
  members.text("description",
               site.hours.empty() ? std::string(kCaveat) : fmt::format("{} Open: {}", kCaveat, site.hours));
  members.raw("telecom", telecom(site));
  members.raw("address", address(site));
  if (site.point == registry::PointSource::kGiven)
    members.raw("position", fmt::format(R"({{"latitude":{},"longitude":{}}})", site.lat, site.lon));
  out.append("}\n");
}

// --- Schedule

bool is_covid_product(std::string_view product) {
  if (product == registry::kAnyProduct) return true;
  const auto vaccine = registry::vaccine_of(product);
  const std::optional<registry::Product> known = vaccine ? registry::find_product(*vaccine) : std::nullopt;
  return known && known->groups.find("COVID-19") != std::string_view::npos;
}

// Legal and unique: there is no dash in what stands for the product, and what is too long is told apart by its hash.
std::string schedule_id(const Site& site, const StockLine& line) {
  std::string product(line.product);
  std::ranges::replace(product, '-', '.');
  std::string id = fmt::format("{}-{}", site.id, product);
  return id.size() <= limits::kSiteIdBytesMax ? id : derived_id("schedule", {site.id, line.product});
}

bool is_fresh(const StockLine& line, WallTime now) {
  return registry::freshness(line, now) == registry::Freshness::kFresh;
}

std::string_view has_availability(const StockLine& line, WallTime now) {
  if (line.availability.kind == Availability::Kind::kUnknown || !is_fresh(line, now)) return "unknown";
  return line.availability.available() ? "some" : "none";
}

std::string schedule_meta(const StockLine& line) {
  std::string out = "{";
  JsonMembers members(out);
  members.text("lastUpdated", time_text(line.changed_at));
  if (line.valid_at != WallTime()) {
    std::string extensions = "[";
    extension(smart::kLastSourceSync, "valueDateTime", json_string(time_text(line.valid_at)), extensions);
    members.raw("extension", extensions + "]");
  }
  return out + "}";
}

std::string schedule_extensions(const StockLine& line, WallTime now) {
  std::string out = "[";
  const auto vaccine = registry::vaccine_of(line.product);
  if (const auto product = vaccine ? registry::find_product(*vaccine) : std::nullopt) {
    std::string coding = "{";
    JsonMembers members(coding);
    members.text("system", smart::kCvx);
    members.text("code", product->cvx);
    members.text("display", product->name);
    extension(smart::kProduct, "valueCoding", coding + "}", out);
  }
  extension(smart::kHasAvailability, "valueCode", json_string(has_availability(line, now)), out);
  extension(smart::kOwnClaim, "valueString", json_string(registry::to_text(line.availability)), out);
  return out + "]";
}

void print_schedule(const Site& site, const StockLine& line, WallTime now, std::string& out) {
  out.push_back('{');
  JsonMembers members(out);
  members.text("resourceType", "Schedule");
  members.text("id", schedule_id(site, line));
  members.raw("meta", schedule_meta(line));
  members.raw("actor", fmt::format(R"([{{"reference":"Location/{}"}}])", site.id));
  members.raw("serviceType", kServiceType);
  members.raw("extension", schedule_extensions(line, now));
  out.append("}\n");
}

// --- Slot

void print_slot(const Site& site, const StockLine& line, WallTime now, std::string& out) {
  if (line.availability.kind != Availability::Kind::kCount || !is_fresh(line, now)) return;
  const bool free = line.availability.count > 0;
  const WallTime start(now.value - now.value % kSlotMs);
  const WallTime end(start.value + (free ? 24 : 1) * kSlotMs);
  std::string extensions = "[";
  if (is_web_address(site.booking_url))
    extension(smart::kBookingLink, "valueUrl", json_string(site.booking_url), extensions);
  if (is_phone(site.phone)) extension(smart::kBookingPhone, "valueString", json_string(site.phone), extensions);
  if (free) extension(smart::kCapacity, "valueInteger", fmt::format("{}", line.availability.count), extensions);
  const std::string id = schedule_id(site, line);  // ids are unique per type, and a Schedule has one Slot at most
  out.push_back('{');
  JsonMembers members(out);
  members.text("resourceType", "Slot");
  members.text("id", id);
  members.raw("schedule", fmt::format(R"({{"reference":"Schedule/{}"}})", id));
  members.text("status", free ? "free" : "busy");
  members.text("start", time_text(start));
  members.text("end", time_text(end));
  if (extensions.size() > 1) members.raw("extension", extensions + "]");
  out.append("}\n");
}

}  // namespace

std::string_view name(SmartType type) {
  switch (type) {
    case SmartType::kLocation: return "Location";
    case SmartType::kSchedule: return "Schedule";
    case SmartType::kSlot: return "Slot";
  }
  return "";
}

std::string_view why_left_out(const Site& site) {
  if (site.status != registry::SiteStatus::kActive) return "it is closed or hidden";
  if (site.street.empty() || site.city.empty()) return "it has no street or no city";
  if (site.state.empty() || site.zip.empty()) return "it has no state or no ZIP code";
  if (!is_phone(site.phone) && !is_web_address(site.info_url)) return "it has neither a phone nor a web address";
  return {};
}

void print_smart(SmartType type, const Site& site, WallTime now, std::string& out, bool with_expired) {
  if (type == SmartType::kLocation) return print_location(site, out);
  for (const StockLine& line : site.stock) {
    if (!is_covid_product(line.product)) continue;
    if (!with_expired && registry::freshness(line, now) == registry::Freshness::kExpired) continue;
    if (type == SmartType::kSchedule) print_schedule(site, line, now, out);
    if (type == SmartType::kSlot) print_slot(site, line, now, out);
  }
}

}  // namespace titer::formats
