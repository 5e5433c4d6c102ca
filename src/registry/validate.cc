// SPDX-License-Identifier: Apache-2.0

#include "registry/validate.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>

#include "base/limits.h"
#include "base/text.h"

namespace titer::registry {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_token(char c) {
  return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '.' || c == '-';
}
bool digits(std::string_view text, std::size_t n) { return text.size() == n && all_digits(text); }
bool is_state(std::string_view text) {
  return text.size() == 2 && std::all_of(text.begin(), text.end(), [](char c) { return c >= 'A' && c <= 'Z'; });
}

// What each text of a site has to be, in a request or in a state that is kept.
using TextRule = bool (*)(std::string_view text, std::string_view field, std::size_t max, Outcome& out);

bool is_kept_text(std::string_view text, std::string_view field, std::size_t max, Outcome& out) {
  const bool fits = text.size() <= max && std::ranges::none_of(text, is_control) && is_utf8(text);
  return fits || refuse(out, Code::kInvalid, std::string(field));
}

Status at_most(std::size_t most, std::size_t n, std::string_view what, std::string_view instead) {
  if (n <= most) return ok_status();
  return Error{Code::kTooLarge, fmt::format("{} at most {}, not {}{}", what, most, n, instead)};
}

Status check_external_count(const std::vector<ExternalId>& pairs) {
  return at_most(limits::kExternalIdsMax, pairs.size(), "a site's external ids are", "");
}

bool check_external_ids(const std::vector<ExternalId>& pairs, TextRule rule, Outcome& out) {
  if (const Status counted = check_external_count(pairs); !counted) return refuse(out, counted.error());
  for (const auto& [system, value] : pairs) {
    if (system.empty() || value.empty()) {
      return refuse(out, Code::kInvalid, "an external id needs a system and a value, both not empty");
    }
    if (!rule(system, "external id's system", limits::kNameBytesMax, out)) return false;
    if (!rule(value, "external id's value", limits::kNameBytesMax, out)) return false;
  }
  return true;
}

bool check_link(std::string_view text, std::string_view field, TextRule rule, Outcome& out) {
  if (!rule(text, field, limits::kTextBytesMax, out)) return false;
  if (rule == is_kept_text || is_link(text)) return true;
  return refuse(
      out, Code::kInvalid,
      fmt::format("{} is an http, https, mailto or tel address, such as https://example.org/book", field));
}

bool check_point(const SiteFields& fields, Outcome& out) {
  if (fields.lat.has_value() != fields.lon.has_value()) {
    return refuse(out, Code::kInvalid,
                  "a point needs both lat and lon: give both, or none to use the ZIP's centre");
  }
  if (!fields.lat) return true;
  if (!(std::abs(*fields.lat) <= 90)) {  // the negation also catches what is no number
    return refuse(out, Code::kInvalid, fmt::format("lat is in degrees from -90 to 90, not {}", *fields.lat));
  }
  if (!(std::abs(*fields.lon) <= 180)) {
    return refuse(out, Code::kInvalid, fmt::format("lon is in degrees from -180 to 180, not {}", *fields.lon));
  }
  return true;
}

bool check_fields_by(const SiteFields& f, TextRule rule, Outcome& out) {
  if (f.name && !rule(*f.name, "name", limits::kNameBytesMax, out)) return false;
  if (f.zip && !f.zip->empty() && !digits(*f.zip, 5)) {
    return refuse(out, Code::kInvalid,
                  fmt::format("the ZIP code has exactly 5 digits, leading zeros included{}",
                              is_clean(*f.zip) ? fmt::format("; '{}' has not", f.zip->substr(0, 64)) : ""));
  }
  if (f.zip_plus4 && !f.zip_plus4->empty() && !digits(*f.zip_plus4, 4)) {
    return refuse(out, Code::kInvalid, "the ZIP code's +4 part has exactly 4 digits");
  }
  if (f.state && !f.state->empty() && !is_state(*f.state)) {
    return refuse(out, Code::kInvalid, "the state is its two-letter code in capitals, such as MA");
  }
  const std::pair<const char*, std::optional<std::string_view>> texts[] = {
      {"street", f.street}, {"city", f.city},         {"county", f.county},
      {"phone", f.phone},   {"provider", f.provider}, {"hours", f.hours}};
  for (const auto& [field, text] : texts) {
    if (text && !rule(*text, field, limits::kTextBytesMax, out)) return false;
  }
  if (f.info_url && !check_link(*f.info_url, "info_url", rule, out)) return false;
  if (f.booking_url && !check_link(*f.booking_url, "booking_url", rule, out)) return false;
  if (f.status && *f.status > SiteStatus::kClosed) {
    return refuse(out, Code::kInvalid, "the status is active, hidden or closed");
  }
  if (f.external_ids && !check_external_ids(*f.external_ids, rule, out)) return false;
  return check_point(f, out);
}

}  // namespace

Status check_counts(const SiteFields& fields) {
  return fields.external_ids ? check_external_count(*fields.external_ids) : ok_status();
}

Status check_counts(const CreateKey& key) {
  return at_most(limits::kKeyScopeMax, key.scope.size(), "the parts of a key's scope are", ": make several keys");
}

Status check_counts(const Bulk& bulk) {
  Status counted =
      at_most(limits::kBulkOperationsMax, bulk.operations.size(), "the operations of a bulk are", ": split it");
  for (auto part = bulk.operations.begin(); counted && part != bulk.operations.end(); ++part)
    counted = std::visit(
        [](const auto& op) {
          if constexpr (requires { op.fields; }) return check_counts(op.fields);
          return ok_status();
        },
        *part);
  return counted;
}

Status check_counts(const Request& request) {
  return std::visit(
      [](const auto& op) {
        if constexpr (requires { op.fields; }) return check_counts(op.fields);
        if constexpr (requires { check_counts(op); }) return check_counts(op);
        return ok_status();
      },
      request.operation);
}

Status check_counts(const Query& query) {
  return std::visit(
      [](const auto& one) {
        if constexpr (requires { one.filter; })
          return at_most(limits::kFilterProductsMax, one.filter.products.size(), "the products of a question are",
                         ": ask for some at a time");
        return ok_status();
      },
      query);
}

bool refuse(Outcome& out, Code code, std::string message) {
  out.code = code;
  out.message = std::move(message);
  out.changed = false;
  return false;
}

bool is_site_id(std::string_view text) {
  // Addresses that mean something else: /api/v1/sites/near, and what clients and proxies remove from a path.
  if (text == "near" || text == "." || text == "..") return false;
  return !text.empty() && text.size() <= limits::kSiteIdBytesMax && std::all_of(text.begin(), text.end(), is_token);
}
bool is_link(std::string_view text) {
  text = trim(text);
  const std::size_t end = text.find_first_of(":/?#");
  if (end == std::string_view::npos || text[end] != ':') return true;
  const std::string_view scheme = text.substr(0, end);
  for (const std::string_view good : {"http", "https", "mailto", "tel"})
    if (same_ignoring_case(scheme, good)) return true;
  const auto in_scheme = [](char c) { return is_token(c) || c == '+'; };
  if (!std::all_of(scheme.begin(), scheme.end(), in_scheme)) return true;  // "Walk in: …" is a text
  std::string_view port = text.substr(end + 1);
  port = port.substr(0, port.find_first_of("/?#"));
  return scheme.find('.') != std::string_view::npos && all_digits(port);  // example.org:8080/book
}
bool is_product(std::string_view text) {
  return !text.empty() && text.size() <= 32 && std::all_of(text.begin(), text.end(), is_token);
}

bool check_text(std::string_view text, std::string_view field, std::size_t max, Outcome& out) {
  if (text.size() > max) {
    return refuse(out, Code::kTooLarge,
                  fmt::format("{} has {} bytes; at most {} are kept: shorten it", field, text.size(), max));
  }
  if (is_clean(text)) return true;
  return refuse(
      out, Code::kInvalid,
      fmt::format("{} must be UTF-8 text without control characters, line ends, and characters that turn the "
                  "direction of writing (U+202A to U+202E, U+2066 to U+2069)",
                  field));
}

bool check_envelope(const Request& request, Outcome& out) {
  return check_text(request.actor, "actor", limits::kNameBytesMax, out) &&
         check_text(request.reason, "reason", limits::kTextBytesMax, out) &&
         check_text(request.idempotency_key, "idempotency key", limits::kNameBytesMax, out);
}

bool check_claim(const StockClaim& claim, Outcome& out) {
  if (!is_product(claim.product)) {
    return refuse(out, Code::kInvalid,
                  fmt::format("'{}' is no product: use a CVX code such as 208, or '{}'",
                              is_clean(claim.product) ? claim.product.substr(0, 64) : "?", kAnyProduct));
  }
  const Availability a = claim.availability;
  if (a.kind > Availability::Kind::kCount || (a.kind != Availability::Kind::kCount && a.count != 0)) {
    return refuse(out, Code::kInvalid, "availability is a count of doses, yes, no or unknown");
  }
  if (a.count > limits::kCountMax) {
    return refuse(
        out, Code::kTooLarge,
        fmt::format("{} doses at one site are more than the {} that can be kept", a.count, limits::kCountMax));
  }
  return check_text(claim.source, "source", limits::kNameBytesMax, out);
}

bool check_fields(const SiteFields& f, Outcome& out) {
  if (f.name && is_blank(*f.name))
    return refuse(out, Code::kInvalid,
                  "a site needs a name that can be seen, not only blanks or invisible characters");
  return check_fields_by(f, check_text, out);
}

namespace {

// A change that is no claim may be one moment later than the last time of all (registry_core.cc).
bool is_stored_time(WallTime time) { return time.value >= 0 && time.value <= limits::kWallTimeMaxMs + 1; }

}  // namespace

bool is_sound(const SiteImage& image) {
  const Site& s = image.site;
  Outcome out;
  SiteFields f;
  f.name = s.name;
  f.zip = s.zip;
  f.zip_plus4 = s.zip_plus4;
  f.street = s.street;
  f.city = s.city;
  f.state = s.state;
  f.county = s.county;
  f.phone = s.phone;
  f.info_url = s.info_url;
  f.booking_url = s.booking_url;
  f.provider = s.provider;
  f.hours = s.hours;
  f.lat = s.lat;
  f.lon = s.lon;
  f.status = s.status;
  f.external_ids = s.external_ids;
  if (!is_site_id(s.id) || s.name.empty() || !check_fields_by(f, is_kept_text, out) ||
      s.point > PointSource::kZipCentroid)
    return false;
  if (s.external_ids.size() < 32 && s.unverified >> s.external_ids.size() != 0) return false;
  if (image.asked_name > s.name.size() || s.stock.size() > limits::kStockLinesMax) return false;
  if (s.created_by.size() > limits::kNameBytesMax || s.updated_by.size() > limits::kNameBytesMax) return false;
  if (!is_stored_time(s.created_at) || !is_stored_time(s.updated_at)) return false;
  for (std::size_t i = 0; i < s.stock.size(); ++i) {
    const StockLine& line = s.stock[i];
    if (!is_stored_time(line.changed_at) || !is_stored_time(line.checked_at)) return false;
    StockClaim claim{line.product, line.availability, line.valid_at, line.source};
    if (!check_claim(claim, out) || line.updated_by.size() > limits::kNameBytesMax) return false;
    if (i > 0 && !(s.stock[i - 1].product < line.product)) return false;
  }
  return true;
}

}  // namespace titer::registry
