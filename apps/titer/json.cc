// Sites, events and outcomes as JSON.
#include <fmt/format.h>

#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>
#include <utility>

#include "net/loop.h"
#include "registry/state.h"
#include "titer/text.h"

namespace titer::app {

namespace {

namespace json = boost::json;
using registry::Availability;

// Like boost::json::serialize, but for numbers with a fraction: 42.377, where Boost writes 4.2377E1.
void append(std::string& out, const json::value& value);

template <typename List, typename Each>
void append_list(std::string& out, char open, char close, const List& list, const Each& each) {
  out += open;
  bool first = true;
  for (const auto& element : list) {
    if (!std::exchange(first, false)) out += ',';
    each(element);
  }
  out += close;
}

void append(std::string& out, const json::value& value) {
  if (value.is_object()) {
    append_list(out, '{', '}', value.get_object(), [&out](const json::key_value_pair& pair) {
      out += json::serialize(pair.key()) + ":";
      append(out, pair.value());
    });
  } else if (value.is_array()) {
    append_list(out, '[', ']', value.get_array(), [&out](const json::value& element) { append(out, element); });
  } else if (value.is_double()) {
    out += fmt::format("{}", value.get_double());
  } else {
    out += json::serialize(value);
  }
}

std::string serialized(const json::object& object) {
  std::string out;
  append(out, object);
  return out;
}

json::string_view view(std::string_view text) { return {text.data(), text.size()}; }

void put(json::object& to, const char* key, std::string_view text) {
  if (!text.empty()) to[key] = view(text);
}

void put_time(json::object& to, const char* key, WallTime t) {
  if (t != WallTime()) to[key] = iso_time(t);
}

json::value value_of(Availability a) {
  switch (a.kind) {
    case Availability::Kind::kCount: return a.count;
    case Availability::Kind::kYes: return true;
    case Availability::Kind::kNo: return false;
    case Availability::Kind::kUnknown: break;
  }
  return "unknown";
}

json::object to_json(const registry::StockLine& line) {
  json::object out;
  out["product"] = view(line.product);
  out["availability"] = value_of(line.availability);
  put_time(out, "valid_at", line.valid_at);
  put_time(out, "changed_at", line.changed_at);
  put_time(out, "checked_at", line.checked_at);
  put(out, "source", line.source);
  put(out, "updated_by", line.updated_by);
  out["version"] = line.version;
  out["freshness"] = view(registry::name(registry::freshness(line, net::wall_now())));
  return out;
}

}  // namespace

void JsonArray::add(const json::object& element) {
  if (!on_) return;
  std::fputs(any_ ? ",\n " : "[", stdout);
  any_ = true;
  const std::string text = serialized(element);
  std::fwrite(text.data(), 1, text.size(), stdout);
}

void JsonArray::close() {
  if (on_) std::fputs(any_ ? "]\n" : "[]\n", stdout);
}

void print_line(const json::object& object) {
  const std::string text = serialized(object) + "\n";
  std::fwrite(text.data(), 1, text.size(), stdout);
}

json::object to_json(const registry::Site& site) {
  json::object out;
  out["id"] = view(site.id);
  out["name"] = view(site.name);
  put(out, "zip", site.zip);
  put(out, "zip_plus4", site.zip_plus4);
  put(out, "street", site.street);
  put(out, "city", site.city);
  put(out, "state", site.state);
  put(out, "county", site.county);
  if (site.point != registry::PointSource::kNone) {
    out["lat"] = site.lat;
    out["lon"] = site.lon;
    out["point"] = site.point == registry::PointSource::kGiven ? "given" : "zip_centroid";
  }
  put(out, "phone", site.phone);
  put(out, "info_url", site.info_url);
  put(out, "booking_url", site.booking_url);
  put(out, "provider", site.provider);
  put(out, "hours", site.hours);
  json::array external;
  for (const auto& [system, value] : site.external_ids) external.push_back(json::array{view(system), view(value)});
  if (!external.empty()) out["external_ids"] = std::move(external);
  out["status"] = view(registry::name(site.status));
  out["version"] = site.version;
  put_time(out, "created_at", site.created_at);
  put(out, "created_by", site.created_by);
  put_time(out, "updated_at", site.updated_at);
  put(out, "updated_by", site.updated_by);
  json::array stock;
  for (const registry::StockLine& line : site.stock) stock.push_back(to_json(line));
  out["stock"] = std::move(stock);
  return out;
}

json::object to_json(const registry::Event& event) {
  json::object out;
  out["position"] = event.position.value;
  if (event.part != 0) out["part"] = event.part;
  out["time"] = iso_time(event.time);
  out["kind"] = view(registry::name(event.kind));
  put(out, "actor", event.actor);
  out["site_id"] = view(event.site_id);
  if (!event.product.empty()) {
    out["product"] = view(event.product);
    if (event.existed) out["before"] = value_of(event.before);
    out["after"] = value_of(event.after);
  }
  json::object fields;
  for (const registry::FieldChange& change : event.fields)
    fields[view(change.field)] = json::array{view(change.before), view(change.after)};
  if (!fields.empty()) out["fields"] = std::move(fields);
  put(out, "reason", event.reason);
  put(out, "idempotency_key", event.idempotency_key);
  if (event.reverts != Position()) out["reverts"] = event.reverts.value;
  return out;
}

json::object to_json(const registry::Outcome& outcome) {
  json::object out;
  out["ok"] = outcome.ok();
  if (!outcome.ok()) out["code"] = view(name(outcome.code));
  put(out, "message", outcome.message);
  out["position"] = outcome.position.value;
  out["changed"] = outcome.changed;
  if (outcome.created) out["created"] = true;
  put(out, "site_id", outcome.site_id);
  put(out, "site_name", outcome.site_name);
  if (outcome.site_version != 0) out["site_version"] = outcome.site_version;
  if (outcome.has_stock) {
    out["before"] = value_of(outcome.before);
    out["after"] = value_of(outcome.after);
    out["stock_version"] = outcome.stock_version;
  }
  return out;
}

}  // namespace titer::app
