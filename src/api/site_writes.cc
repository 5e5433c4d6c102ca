// SPDX-License-Identifier: Apache-2.0

// Changing sites: add, edit, close.
#include <array>
#include <utility>

#include "api/answers.h"
#include "api/routes.h"
#include "api/site_tag.h"
#include "api/stock_values.h"
#include "http/json_body.h"
#include "http/parameters.h"

namespace titer::api {

namespace {

namespace json = boost::json;
using registry::SiteFields;

constexpr std::string_view kKnownInEdit =
    "name zip zip_plus4 street city state county phone info_url booking_url provider hours lat lon status "
    "external_ids "
    "reason";
constexpr std::string_view kKnownInAdd =
    "id stock name zip zip_plus4 street city state county phone info_url booking_url provider hours lat lon status "
    "external_ids reason";
constexpr std::string_view kKnownInStock = "product availability valid_at source";

struct TextField {
  std::string_view name;
  std::optional<std::string_view> SiteFields::*field;
};
constexpr std::array kTexts = {
    TextField{"name", &SiteFields::name},           TextField{"zip", &SiteFields::zip},
    TextField{"zip_plus4", &SiteFields::zip_plus4}, TextField{"street", &SiteFields::street},
    TextField{"city", &SiteFields::city},           TextField{"state", &SiteFields::state},
    TextField{"county", &SiteFields::county},       TextField{"phone", &SiteFields::phone},
    TextField{"info_url", &SiteFields::info_url},   TextField{"booking_url", &SiteFields::booking_url},
    TextField{"provider", &SiteFields::provider},   TextField{"hours", &SiteFields::hours},
};

std::optional<registry::SiteStatus> status_named(std::string_view text) {
  for (const auto status :
       {registry::SiteStatus::kActive, registry::SiteStatus::kHidden, registry::SiteStatus::kClosed})
    if (text == registry::name(status)) return status;
  return std::nullopt;
}

// [["system","value"], …]
Result<std::vector<registry::ExternalId>> external_ids_of(const json::value& value) {
  const Error wrong{Code::kInvalid, R"('external_ids' is a list of pairs: [["vtrcks","MA123456"]])"};
  if (!value.is_array()) return wrong;
  std::vector<registry::ExternalId> out;
  for (const json::value& pair : value.get_array()) {
    const json::array* two = pair.if_array();
    if (two == nullptr || two->size() != 2 || !(*two)[0].is_string() || !(*two)[1].is_string()) return wrong;
    const json::string &system = (*two)[0].get_string(), &id = (*two)[1].get_string();
    out.emplace_back(std::string_view(system.data(), system.size()), std::string_view(id.data(), id.size()));
  }
  return out;
}

Status read_texts(const http::JsonBody& body, SiteFields& fields) {
  for (const TextField& one : kTexts) {
    const auto text = body.text(one.name);
    if (!text) return text.error();
    fields.*one.field = *text;
  }
  return ok_status();
}

Result<SiteFields> fields_of(const http::JsonBody& body) {
  SiteFields fields;
  if (const Status texts = read_texts(body, fields); !texts) return texts.error();
  const auto lat = body.real("lat"), lon = body.real("lon");
  if (!lat || !lon) return lat ? lon.error() : lat.error();
  if (lat->has_value() != lon->has_value()) return Error{Code::kInvalid, "'lat' and 'lon' come together"};
  fields.lat = *lat;
  fields.lon = *lon;
  const auto status = body.text("status");
  if (!status) return status.error();
  if (*status) fields.status = status_named(**status);
  if (*status && !fields.status) return Error{Code::kInvalid, "'status' is active, hidden or closed"};
  if (const json::value* ids = body.find("external_ids")) {
    auto read = external_ids_of(*ids);
    if (!read) return read.error();
    fields.external_ids = std::move(read).value();
  }
  return fields;
}

// What a new site has: a list of at most one line; further products are logged one by one.
Result<std::optional<registry::StockClaim>> stock_of(const http::JsonBody& body, std::string& code) {
  const json::value* list = body.find("stock");
  if (list == nullptr || (list->is_array() && list->get_array().empty()))
    return std::optional<registry::StockClaim>();
  const Error wrong{Code::kInvalid,
                    R"('stock' is [{"product":"208","availability":12}]; log further products with PUT)"};
  if (!list->is_array() || list->get_array().size() != 1) return wrong;
  const json::object* object = list->get_array()[0].if_object();
  if (object == nullptr) return wrong;
  const http::JsonObject line(*object);
  if (const Status known = line.only(kKnownInStock); !known) return known.error();
  const auto claim = claim_of(line, registry::kAnyProduct, code);
  return claim ? Result(std::optional(*claim)) : claim.error();
}

void add_site(HandlerContext& context, const http::Exchange& exchange) {
  http::JsonBody body;
  if (const Status read = body.read(exchange.request(), kKnownInAdd); !read)
    return exchange.respond(http::refused_body(read.error()));
  const auto id = body.text("id"), reason = body.text("reason");
  if (!id || !reason) return exchange.respond(http::refused_body(id ? reason.error() : id.error()));
  auto fields = fields_of(body);
  if (!fields) return exchange.respond(http::refused_body(fields.error()));
  std::string code;
  const auto stock = stock_of(body, code);
  if (!stock) return exchange.respond(http::refused_body(stock.error()));
  answer_write(context, exchange,
               registry::AddSite{id->value_or(std::string_view()), std::move(fields).value(), *stock},
               reason->value_or(std::string_view()));
}

void edit_site(HandlerContext& context, const http::Exchange& exchange) {
  const http::Request& request = exchange.request();
  http::JsonBody body;
  if (const Status read = body.read(request, kKnownInEdit); !read)
    return exchange.respond(http::refused_body(read.error()));
  const auto reason = body.text("reason");
  if (!reason) return exchange.respond(http::refused_body(reason.error()));
  auto fields = fields_of(body);
  if (!fields) return exchange.respond(http::refused_body(fields.error()));
  const auto version = precondition_of(request, TagOf::kSite, context.setup.cluster);
  if (!version) return exchange.respond(bad_request(version.error()));
  answer_write(context, exchange,
               registry::EditSite{{.id = request.values[0], .name = {}}, std::move(fields).value(), *version},
               reason->value_or(std::string_view()));
}

void close_site(HandlerContext& context, const http::Exchange& exchange) {
  const http::Request& request = exchange.request();
  const auto version = precondition_of(request, TagOf::kSite, context.setup.cluster);
  if (!version) return exchange.respond(bad_request(version.error()));
  answer_write(context, exchange, registry::CloseSite{{.id = request.values[0], .name = {}}, *version},
               http::text_of(request, "reason"));
}

constexpr Route kSiteWriteRoutes[] = {
    {http::Method::kPost, "/api/v1/sites", add_site, registry::Act::kAddSite, "add_site", {}, http::Body::kJson},
    {http::Method::kPatch,
     "/api/v1/sites/{id}",
     edit_site,
     registry::Act::kEditSite,
     "edit_site",
     {},
     http::Body::kJson,
     true},
    {http::Method::kDelete, "/api/v1/sites/{id}", close_site, registry::Act::kEditSite, "close_site", "reason",
     http::Body::kNone, true},
};

}  // namespace

Routes site_write_routes() { return kSiteWriteRoutes; }

}  // namespace titer::api
