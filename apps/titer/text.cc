#include "titer/text.h"

#include <algorithm>
#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>
#include <utility>

#include "net/loop.h"
#include "registry/state.h"

namespace titer::app {

namespace {

namespace json = boost::json;
using registry::Availability;

// Columns that a text takes: its code points. Wide scripts come out a little ragged.
std::size_t width(std::string_view text) {
  return static_cast<std::size_t>(std::count_if(
      text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
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

Table::Table(std::vector<std::string> headings) {
  for (std::string& heading : headings) {
    right_.push_back(!heading.empty() && heading.front() == '>');
    if (right_.back()) heading.erase(0, 1);
  }
  rows_.push_back(std::move(headings));
}

void Table::add(std::vector<std::string> row) {
  row.resize(right_.size());
  rows_.push_back(std::move(row));
}

void Table::print(std::FILE* out) const {
  std::vector<std::size_t> widths(right_.size());
  for (const auto& row : rows_)
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], width(row[i]));
  for (const auto& row : rows_) {
    std::string line;
    for (std::size_t i = 0; i < row.size(); ++i) {
      const std::string padding(widths[i] - width(row[i]), ' ');
      if (i > 0) line += "  ";
      line += right_[i] ? padding + row[i] : row[i] + padding;
    }
    line.erase(line.find_last_not_of(' ') + 1);
    line += '\n';
    std::fwrite(line.data(), 1, line.size(), out);
  }
}

void JsonArray::add(const boost::json::object& element) {
  if (!on_) return;
  std::fputs(any_ ? ",\n " : "[", stdout);
  any_ = true;
  const std::string text = json::serialize(element);
  std::fwrite(text.data(), 1, text.size(), stdout);
}

void JsonArray::close() {
  if (on_) std::fputs(any_ ? "]\n" : "[]\n", stdout);
}

void print_line(const boost::json::object& object) {
  const std::string text = json::serialize(object) + "\n";
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

std::string one_line(const registry::Event& event) {
  std::string out = iso_time(event.time) + " " + std::to_string(event.position.value) + " " +
                    std::string(registry::name(event.kind)) + " " + std::string(event.site_id);
  if (!event.product.empty()) {
    out += " " + std::string(event.product) + " " + to_text(event.after);
    if (event.existed) out += " (was " + to_text(event.before) + ")";
  }
  for (const registry::FieldChange& change : event.fields)
    out += " " + std::string(change.field) + "=\"" + std::string(change.after) + "\"";
  if (event.reverts != Position()) out += " undoes " + std::to_string(event.reverts.value);
  if (!event.actor.empty()) out += " by " + std::string(event.actor);
  if (!event.reason.empty()) out += ": " + std::string(event.reason);
  return out;
}

}  // namespace titer::app
