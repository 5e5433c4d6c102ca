// SPDX-License-Identifier: Apache-2.0

#include "library/translate.h"

#include <fmt/format.h>

#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "base/limits.h"
#include "registry/product_text.h"
#include "registry/validate.h"
#include "wire/codec.h"

namespace titer::library {
namespace {

// The enumerations of the two sides have the same numbers, which travel.
template <typename To, typename From>
constexpr To same(From from) {
  return static_cast<To>(static_cast<std::uint8_t>(from));
}
static_assert(same<registry::EventKind>(api::ChangeKind::kSetWriteStop) == registry::kLastEventKind);
static_assert(same<registry::EventKind>(api::ChangeKind::kImport) == registry::EventKind::kImport);
static_assert(same<registry::SiteStatus>(api::SiteStatus::kHidden) == registry::SiteStatus::kHidden);
static_assert(same<registry::SiteStatus>(api::SiteStatus::kClosed) == registry::SiteStatus::kClosed);
static_assert(same<registry::Availability::Kind>(api::Availability::Kind::kCount) ==
              registry::Availability::Kind::kCount);
static_assert(same<registry::Availability::Kind>(api::Availability::Kind::kNo) ==
              registry::Availability::Kind::kNo);

// --- in

WallTime wall(api::Time time) { return WallTime(time.time_since_epoch().count()); }

std::optional<std::string_view> text_in(const std::optional<std::string>& text) {
  return text ? std::optional<std::string_view>(*text) : std::nullopt;
}

registry::SiteFields fields_in(const api::SiteFields& fields) {
  registry::SiteFields out;
  out.name = text_in(fields.name);
  out.zip = text_in(fields.zip);
  out.zip_plus4 = text_in(fields.zip_plus4);
  out.street = text_in(fields.street);
  out.city = text_in(fields.city);
  out.state = text_in(fields.state);
  out.county = text_in(fields.county);
  out.phone = text_in(fields.phone);
  out.info_url = text_in(fields.info_url);
  out.booking_url = text_in(fields.booking_url);
  out.provider = text_in(fields.provider);
  out.hours = text_in(fields.hours);
  if (fields.point) {
    out.lat = fields.point->lat;
    out.lon = fields.point->lon;
  }
  if (fields.status) out.status = same<registry::SiteStatus>(*fields.status);
  if (fields.external_ids) out.external_ids.emplace(fields.external_ids->begin(), fields.external_ids->end());
  return out;
}

// Translates part by part; the first part that is wrong is what error() says.
class Input {
 public:
  [[nodiscard]] const std::optional<api::Error>& error() const { return error_; }

  void refuse(std::string why) {
    if (!error_) error_ = api::Error{api::Code::kInvalid, std::move(why)};
  }
  registry::SiteRef site(const api::SiteRef& site) {
    if (site.id.empty() == site.name.empty()) refuse("name the site by its id or by its name: one of the two");
    return {site.id, site.name};
  }
  // A view into `text`, or into the tables.
  std::string_view product(const std::string& text) {
    const Result<std::string> code = registry::product_code(text);
    if (code) return kept(*code, text);
    refuse(code.error().message);
    return text;
  }
  // Likewise of all that a filter's text means; of an empty one, none.
  std::vector<std::string_view> products(const std::string& text) {
    std::vector<std::string_view> out;
    if (text.empty()) return out;
    const Result<std::vector<std::string>> codes = registry::products_meant(text);
    if (!codes) refuse(codes.error().message);
    if (codes) out.push_back(kept(codes->front(), text));
    for (std::size_t i = 1; codes && i < codes->size(); ++i)
      if (const std::string_view known = registry::known_code((*codes)[i]); !known.empty()) out.push_back(known);
    return out;
  }
  registry::StockClaim claim(const api::StockClaim& claim) {
    registry::StockClaim out;
    out.product = product(claim.product);
    out.availability = {same<registry::Availability::Kind>(claim.availability.kind), claim.availability.count};
    if (claim.valid_at) out.valid_at = wall(*claim.valid_at);
    out.source = claim.source;
    return out;
  }
  std::optional<registry::StockClaim> claim(const std::optional<api::StockClaim>& given) {
    return given ? std::optional(claim(*given)) : std::nullopt;
  }
  registry::SiteFilter filter(const api::SiteFilter& filter) {
    registry::SiteFilter out;
    out.zip = filter.zip;
    out.state = filter.state;
    out.products = products(filter.product);
    out.text = filter.text;
    out.available_only = filter.available_only;
    out.with_closed = filter.with_closed;
    if (filter.updated_since) out.updated_since = wall(*filter.updated_since);
    if (filter.claimed_since) out.claimed_since = wall(*filter.claimed_since);
    return out;
  }

  registry::Simple operator()(const api::AddSite& op) {
    return registry::AddSite{op.id, fields_in(op.fields), claim(op.stock)};
  }
  registry::Simple operator()(const api::EditSite& op) {
    return registry::EditSite{site(op.site), fields_in(op.fields), op.if_version};
  }
  registry::Simple operator()(const api::CloseSite& op) {
    return registry::CloseSite{site(op.site), op.if_version};
  }
  registry::Simple operator()(const api::SetAvailability& op) {
    return registry::SetAvailability{site(op.site), claim(op.claim), op.if_version};
  }
  registry::Simple operator()(const api::Adjust& op) {
    return registry::Adjust{site(op.site), product(op.product), op.by, op.if_version};
  }
  registry::Simple operator()(const api::Reserve& op) {
    return registry::Reserve{site(op.site), product(op.product), op.doses, op.if_version};
  }
  registry::Simple operator()(const api::Release& op) {
    return registry::Release{site(op.site), product(op.product), op.doses, op.if_version};
  }
  registry::Simple operator()(const api::Undo& op) { return registry::Undo{Position(op.change.value)}; }
  registry::Simple operator()(const api::ImportRow& op) {
    return registry::ImportRow{op.id, fields_in(op.fields), claim(op.stock)};
  }

 private:
  // What lives as long as the question: the code in the tables, or the text itself if it is one that they do not have.
  std::string_view kept(const std::string& code, const std::string& text) {
    const std::string_view known = registry::known_code(code);
    if (!known.empty()) return known;
    if (code != text)
      refuse(fmt::format("the code '{}' is not known here: write it as {}", text.substr(0, 64), code));
    return text;
  }
  std::optional<api::Error> error_;
};

api::Result<Bytes> encoded(registry::Operation operation, const api::WriteOptions& options) {
  registry::Request request;
  request.operation = std::move(operation);
  request.actor = options.actor;
  request.reason = options.reason;
  if (const Status counted = registry::check_counts(request); !counted)
    return api::Error{api::Code::kTooLarge, counted.error().message};
  Bytes body;
  wire::encode_request(body, request);
  // A key is put in later.
  if (body.size() + sizeof(registry::KeyId) > limits::kRequestBytesMax)
    return api::Error{api::Code::kTooLarge, fmt::format("a write has at most {} bytes, not {}: split it",
                                                        limits::kRequestBytesMax, body.size())};
  if (!wire::decode_request(body, request).ok())
    return api::Error{api::Code::kInvalid, "a status that does not exist"};
  return body;
}

api::Result<registry::Query> checked(const Input& input, registry::Query query) {
  if (input.error()) return *input.error();
  if (const Status counted = registry::check_counts(query); !counted)
    return api::Error{api::Code::kTooLarge, counted.error().message};
  Bytes body;
  wire::encode_query(body, query);
  if (body.size() > limits::kRequestBytesMax)
    return api::Error{api::Code::kTooLarge, fmt::format("a question has at most {} bytes, not {}",
                                                        limits::kRequestBytesMax, body.size())};
  return query;
}

// --- out

api::Time time_out(WallTime time) { return api::Time(std::chrono::milliseconds(time.value)); }

api::Availability availability_out(const registry::Availability& availability) {
  return {same<api::Availability::Kind>(availability.kind), availability.count};
}

api::StockLine line_out(const registry::StockLine& line) {
  api::StockLine out;
  out.product = line.product;
  out.availability = availability_out(line.availability);
  if (line.valid_at != WallTime()) out.valid_at = time_out(line.valid_at);
  out.changed_at = time_out(line.changed_at);
  out.checked_at = time_out(line.checked_at);
  out.source = line.source;
  out.updated_by = line.updated_by;
  out.version = line.version;
  return out;
}

}  // namespace

api::Result<Bytes> request_body(const api::Operation& operation, const api::WriteOptions& options) {
  Input input;
  registry::Simple translated = std::visit(input, operation);
  if (input.error()) return *input.error();
  return encoded(std::visit([](auto& op) { return registry::Operation(std::move(op)); }, translated), options);
}

api::Result<Bytes> request_body(const std::vector<api::Operation>& operations, const api::WriteOptions& options) {
  if (operations.size() > limits::kBulkOperationsMax)
    return api::Error{api::Code::kTooLarge, fmt::format("write_all() takes at most {} operations, not {}: split it",
                                                        limits::kBulkOperationsMax, operations.size())};
  Input input;
  registry::Bulk bulk;
  for (const api::Operation& operation : operations) {
    bulk.operations.push_back(std::visit(input, operation));
    if (input.error()) return api::Error{input.error()->code, input.error()->message, bulk.operations.size() - 1};
  }
  return encoded(std::move(bulk), options);
}

api::Result<registry::Query> query_of(const api::SiteRef& site) {
  Input input;
  registry::GetSite out{input.site(site)};
  return checked(input, out);
}

api::Result<registry::Query> query_of(const api::List& list) {
  Input input;
  registry::ListSites out{input.filter(list.filter), list.after.name, list.after.id, list.limit};
  return checked(input, out);
}

api::Result<registry::Query> query_of(const api::Near& near) {
  Input input;
  if (near.zip.empty() == !near.point.has_value()) input.refuse("give a ZIP code or a point: one of the two");
  registry::Near out;
  out.zip = near.zip;
  if (near.point) {
    out.lat = near.point->lat;
    out.lon = near.point->lon;
  }
  out.within_m = near.within_m;
  out.filter = input.filter(near.filter);
  out.limit = near.limit;
  return checked(input, out);
}

api::Result<registry::Query> query_of(const api::History& history) {
  Input input;
  registry::History out;
  if (history.site) out.site = input.site(*history.site);
  out.before = Position(history.before.value);
  out.limit = history.limit;
  return checked(input, out);
}

api::Code code_of(Code code) {
  switch (code) {
    case Code::kOk: break;
    case Code::kInvalid:
    case Code::kNotFound:
    case Code::kDuplicate:
    case Code::kStaleVersion:
    case Code::kOutOfDate:
    case Code::kNotEnough:
    case Code::kNotACount:
    case Code::kClosed:
    case Code::kTooLarge:
    case Code::kTooOld:
    case Code::kReadOnly:
    case Code::kUnauthorized:
    case Code::kForbidden:
    case Code::kWritesStopped: return same<api::Code>(code);
    case Code::kBusy:
    case Code::kTooMany:
    case Code::kExcluded:
    case Code::kUnreachable:
    case Code::kUnavailable: return api::Code::kUnavailable;
    case Code::kKeyReused: return api::Code::kInvalid;
    case Code::kSessionEvicted:
    case Code::kOutcomeUnknown: return api::Code::kOutcomeUnknown;
    case Code::kProtocol:
    case Code::kInternal: break;
  }
  return api::Code::kInternal;
}

api::Error error_of(const Error& error) { return {code_of(error.code), error.message}; }

api::Position position_of(Position position) { return {position.value}; }

api::Result<api::Outcome> outcome_of(const Result<registry::Outcome>& outcome) {
  if (!outcome) return error_of(outcome.error());
  if (!outcome->ok()) return api::Error{code_of(outcome->code), outcome->message, outcome->failed_part};
  api::Outcome out;
  out.position = position_of(outcome->position);
  out.changed = outcome->changed;
  out.created = outcome->created;
  out.site_id = outcome->site_id;
  out.site_version = outcome->site_version;
  if (outcome->has_stock)
    out.stock = {availability_out(outcome->before), availability_out(outcome->after), outcome->stock_version};
  return out;
}

api::Site site_of(const registry::Site& site) {
  api::Site out;
  out.id = site.id;
  out.name = site.name;
  out.zip = site.zip;
  out.zip_plus4 = site.zip_plus4;
  out.street = site.street;
  out.city = site.city;
  out.state = site.state;
  out.county = site.county;
  out.phone = site.phone;
  out.info_url = site.info_url;
  out.booking_url = site.booking_url;
  out.provider = site.provider;
  out.hours = site.hours;
  for (const auto& [system, value] : site.external_ids) out.external_ids.emplace_back(system, value);
  for (const auto& [system, value] : registry::unverified_ids(site))
    out.unverified_external_ids.emplace_back(system, value);
  if (site.point != registry::PointSource::kNone) out.point = {site.lat, site.lon};
  out.point_of_zip = site.point == registry::PointSource::kZipCentroid;
  out.status = same<api::SiteStatus>(site.status);
  out.version = site.version;
  out.created_at = time_out(site.created_at);
  out.updated_at = time_out(site.updated_at);
  out.created_by = site.created_by;
  out.updated_by = site.updated_by;
  for (const registry::StockLine& line : site.stock) out.stock.push_back(line_out(line));
  return out;
}

api::Change change_of(const registry::Event& event) {
  api::Change out;
  out.position = position_of(event.position);
  out.part = event.part;
  out.time = time_out(event.time);
  out.kind = same<api::ChangeKind>(event.kind);
  out.actor = event.actor;
  out.reason = event.reason;
  out.site_id = event.site_id;
  out.product = event.product;
  if (!event.product.empty() && event.existed) out.before = availability_out(event.before);
  if (!event.product.empty() && !event.removed) out.after = availability_out(event.after);
  for (const registry::FieldChange& field : event.fields)
    out.fields.push_back({std::string(field.field), std::string(field.before), std::string(field.after)});
  out.undoes = position_of(event.reverts);
  return out;
}

}  // namespace titer::library
