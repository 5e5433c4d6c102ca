// SPDX-License-Identifier: Apache-2.0

#include "formats/site_json.h"

#include <fmt/format.h>

#include <iterator>

#include "base/json_string.h"
#include "base/time.h"
#include "formats/json_text.h"
#include "registry/products.h"
#include "registry/state.h"

namespace titer::formats {

namespace {

using registry::Availability;

template <typename Number>
void put_number(JsonMembers& to, std::string_view name, Number value, std::string& out) {
  to.raw(name, {});
  fmt::format_to(std::back_inserter(out), "{}", value);
}

void put_time(JsonMembers& to, std::string_view name, WallTime t, std::string& out) {
  if (t == WallTime()) return;
  to.raw(name, "\"");
  print_time(t, out);
  out.push_back('"');
}

void put_availability(JsonMembers& to, std::string_view name, Availability a, std::string& out) {
  to.raw(name, {});
  print_json(a, out);
}

void print_line(const registry::StockLine& line, WallTime now, std::string& out) {
  out.push_back('{');
  JsonMembers members(out);
  members.text("product", line.product);
  if (const auto vaccine = registry::vaccine_of(line.product); vaccine && *vaccine != line.product)
    members.text("cvx", *vaccine);
  put_availability(members, "availability", line.availability, out);
  put_time(members, "valid_at", line.valid_at, out);
  put_time(members, "changed_at", line.changed_at, out);
  put_time(members, "checked_at", line.checked_at, out);
  members.text("source", line.source);
  members.text("updated_by", line.updated_by);
  put_number(members, "version", line.version, out);
  members.text("freshness", registry::name(registry::freshness(line, now)));
  out.push_back('}');
}

void print_point(JsonMembers& members, const registry::Site& site, std::string& out) {
  if (site.point == registry::PointSource::kNone) return;
  put_number(members, "lat", site.lat, out);
  put_number(members, "lon", site.lon, out);
  members.text("point", site.point == registry::PointSource::kGiven ? "given" : "zip_centroid");
}

// The county and the time zone of the ZIP code, where nobody has said them, and that they come from there.
void print_from_zip(JsonMembers& members, const registry::Site& site, std::string& out) {
  const auto zip = registry::zip_point(site.zip);
  const bool county = site.county.empty() && zip && !zip->county.empty();
  const std::string_view zone = zip ? zip->time_zone : registry::state_time_zone(site.state);
  members.text("county", county ? zip->county : site.county);
  members.text("time_zone", zone);
  if (!county) return;
  members.raw("from_zip", {});
  out.append(R"(["county"])");
}

void print_members(JsonMembers& members, const registry::Site& site, WallTime now, std::string& out) {
  members.text("id", site.id);
  members.text("name", site.name);
  members.text("zip", site.zip);
  members.text("zip_plus4", site.zip_plus4);
  members.text("street", site.street);
  members.text("city", site.city);
  members.text("state", site.state);
  print_from_zip(members, site, out);
  print_point(members, site, out);
  members.text("phone", site.phone);
  members.text("info_url", site.info_url);
  members.text("booking_url", site.booking_url);
  members.text("provider", site.provider);
  members.text("hours", site.hours);
  if (!site.external_ids.empty()) members.pairs("external_ids", site.external_ids);
  if (site.unverified != 0) members.pairs("unverified_external_ids", registry::unverified_ids(site));
  members.text("status", registry::name(site.status));
  put_number(members, "version", site.version, out);
  put_time(members, "created_at", site.created_at, out);
  members.text("created_by", site.created_by);
  put_time(members, "updated_at", site.updated_at, out);
  members.text("updated_by", site.updated_by);
  members.raw("stock", "[");
  for (const registry::StockLine& line : site.stock) {
    if (&line != &site.stock.front()) out.push_back(',');
    print_line(line, now, out);
  }
  out.push_back(']');
}

void print_fields(JsonMembers& members, const std::vector<registry::FieldChange>& fields, std::string& out) {
  if (fields.empty()) return;
  members.raw("fields", "{");
  JsonMembers each(out);
  for (const registry::FieldChange& change : fields) {
    each.raw(change.field, "[");
    print_json_string(change.before, out);
    out.push_back(',');
    print_json_string(change.after, out);
    out.push_back(']');
  }
  out.push_back('}');
}

}  // namespace

void print_json(Availability a, std::string& out) {
  switch (a.kind) {
    case Availability::Kind::kCount: fmt::format_to(std::back_inserter(out), "{}", a.count); return;
    case Availability::Kind::kYes: out.append("true"); return;
    case Availability::Kind::kNo: out.append("false"); return;
    case Availability::Kind::kUnknown: break;
  }
  out.append("\"unknown\"");
}

void print_json(const registry::Site& site, WallTime now, std::string& out) {
  out.push_back('{');
  JsonMembers members(out);
  print_members(members, site, now, out);
  out.push_back('}');
}

void print_json(const registry::Site& site, WallTime now, const Distance& distance, std::string& out) {
  out.push_back('{');
  JsonMembers members(out);
  print_members(members, site, now, out);
  put_number(members, "distance_m", distance.metres, out);
  put_number(members, "distance", distance.value, out);
  members.text("unit", distance.unit);
  out.push_back('}');
}

void print_json(const registry::Event& event, std::string& out) {
  out.push_back('{');
  JsonMembers members(out);
  put_number(members, "position", event.position.value, out);
  if (event.part != 0) put_number(members, "part", event.part, out);
  put_time(members, "time", event.time, out);
  members.text("kind", registry::name(event.kind));
  members.text("actor", event.actor);
  members.text("site_id", event.site_id);
  if (!event.product.empty()) {
    members.text("product", event.product);
    if (event.existed) put_availability(members, "before", event.before, out);
    if (!event.removed) put_availability(members, "after", event.after, out);
  }
  print_fields(members, event.fields, out);
  members.text("reason", event.reason);
  members.text("idempotency_key", event.idempotency_key);
  if (event.reverts != Position()) put_number(members, "reverts", event.reverts.value, out);
  out.push_back('}');
}

void print_json(const registry::Outcome& outcome, std::string& out) {
  out.append(outcome.ok() ? "{\"ok\":true," : "{\"ok\":false,");
  JsonMembers members(out);
  if (!outcome.ok()) members.text("code", name(outcome.code));
  members.text("message", outcome.message);
  put_number(members, "position", outcome.position.value, out);
  members.raw("changed", outcome.changed ? "true" : "false");
  if (outcome.created) members.raw("created", "true");
  members.text("site_id", outcome.site_id);
  members.text("site_name", outcome.site_name);
  if (outcome.site_version != 0) put_number(members, "site_version", outcome.site_version, out);
  if (outcome.has_stock) {
    put_availability(members, "before", outcome.before, out);
    put_availability(members, "after", outcome.after, out);
    put_number(members, "stock_version", outcome.stock_version, out);
  }
  out.push_back('}');
}

}  // namespace titer::formats
