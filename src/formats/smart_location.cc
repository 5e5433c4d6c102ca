// SPDX-License-Identifier: Apache-2.0

// SmartReader's way from a Location to a row.
#include <fmt/format.h>

#include "formats/smart_names.h"
#include "formats/smart_reader.h"

namespace titer::formats {
namespace {

namespace json = boost::json;
using registry::SiteFields;
using smart::array_at;
using smart::object_at;
using smart::text_at;

// Of one place in the index of Locations, when it has just grown.
constexpr std::size_t kLocationBytes = 3 * sizeof(std::pair<std::string, std::string>);

// A number, or the text of one.
std::string number_text(const smart::Object& object, std::string_view name) {
  const json::value* value = object.if_contains(name);
  if (value == nullptr) return {};
  if (value->is_number()) return fmt::format("{}", value->to_number<double>());
  return std::string(smart::text_of(value));
}

}  // namespace

void SmartReader::take_location(const smart::Object& location) {
  RowBuilder& row = context_.builder;
  const std::string_view id = trim(text_at(location, "id"));
  if (id.empty()) return row.refuse("id", "a Location without an id cannot be told from others");
  if (!is_id("id", id)) return;
  if (locations_seen_.first({id}, row.line()) != 0)
    return row.refuse("id", "a Location with this id was in an earlier line: that one counts", id);
  if (const std::string_view status = text_at(location, "status"); !status.empty() && status != "active") {
    if (!context_.held.hold(kLocationBytes + id.size())) return row.refuse("", kHoldsTooMuch);
    sites_.emplace(id, std::string());
    return row.refuse("status", "a Location that is not active: left out", status);
  }
  if (trim(text_at(location, "name")).empty()) return row.refuse("name", "a Location needs a name");
  site_id(location, id);
  row.name("name", text_at(location, "name"));
  identifiers(location);
  telecom(location);
  address(location);
  if (const smart::Object* position = object_at(location, "position")) {
    row.point(row.pool().keep(number_text(*position, "latitude")),
              row.pool().keep(number_text(*position, "longitude")));
  }
  context_.emit();
}

// Remembers what the site is called here; Schedules know it by its Location alone.
void SmartReader::site_id(const smart::Object& location, std::string_view id) {
  RowBuilder& row = context_.builder;
  std::string site;
  const smart::Array* list = array_at(location, "identifier");
  const smart::Object* first = smart::first_at(location, "identifier");
  for (std::size_t i = 0; list != nullptr && i < list->size(); ++i) {
    const smart::Object* each = (*list)[i].if_object();
    if (each != nullptr && text_at(*each, "system") == smart::kOwnSite) site = text_at(*each, "value");
  }
  if (site.empty() && first != nullptr) {
    site = derived_id("smart", {text_at(*first, "system"), text_at(*first, "value"), id});
  } else if (site.empty()) {
    site = derived_id("smart", {text_at(location, "name"), id});
  }
  row.id("identifier", row.pool().keep(site));
  if (row.refused()) return;
  if (!context_.held.hold(kLocationBytes + id.size() + site.size())) return row.refuse("", kHoldsTooMuch);
  sites_.emplace(id, std::move(site));
}

void SmartReader::identifiers(const smart::Object& location) {
  RowBuilder& row = context_.builder;
  const smart::Array* list = array_at(location, "identifier");
  if (list == nullptr) return;
  for (const json::value& each : *list) {
    const smart::Object* pair = each.if_object();
    if (pair == nullptr) continue;
    std::string_view system = text_at(*pair, "system");
    const std::string_view value = trim(text_at(*pair, "value"));
    if (system == smart::kOwnSite) continue;
    // Feeds write that there is no identifier in these words.
    if (value.empty() || same_ignoring_case(value, "null") || lower(value).starts_with("unknown")) {
      row.note("identifier", "no identifier: left out", value);
      continue;
    }
    if (system == smart::kVtrcks) system = "vtrcks";
    if (system == smart::kNpi) system = "npi_usa";
    if (system.starts_with(smart::kOwnSystem)) system.remove_prefix(smart::kOwnSystem.size());
    row.external_id("identifier", system, value);
  }
}

void SmartReader::telecom(const smart::Object& location) {
  const smart::Array* list = array_at(location, "telecom");
  if (list == nullptr) return;
  bool phone = false, url = false;  // the first of each counts
  for (const json::value& each : *list) {
    const smart::Object* contact = each.if_object();
    if (contact == nullptr) continue;
    const std::string_view system = text_at(*contact, "system"), value = text_at(*contact, "value");
    if (system == "phone" && !phone) context_.builder.text(&SiteFields::phone, "telecom.phone", value);
    if (system == "url" && !url) context_.builder.link(&SiteFields::info_url, "telecom.url", value);
    phone = phone || system == "phone";
    url = url || system == "url";
  }
}

void SmartReader::address(const smart::Object& location) {
  RowBuilder& row = context_.builder;
  const smart::Object* address = object_at(location, "address");
  if (address == nullptr) return row.note("address", "no address: the site will not be found by its place");
  std::string& street = row.pool().fresh();
  if (const smart::Array* lines = array_at(*address, "line")) {
    for (const json::value& line : *lines)
      if (const std::string_view text = trim(smart::text_of(&line)); !text.empty())
        street.append(street.empty() ? "" : ", ").append(text);
  }
  row.text(&SiteFields::street, "address.line", street);
  row.text(&SiteFields::city, "address.city", text_at(*address, "city"));
  row.text(&SiteFields::county, "address.district", text_at(*address, "district"));
  row.state("address.state", text_at(*address, "state"));
  row.zip("address.postalCode", text_at(*address, "postalCode"));
}

}  // namespace titer::formats
