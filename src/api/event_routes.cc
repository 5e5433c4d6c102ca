// SPDX-License-Identifier: Apache-2.0

// What happened: the history of a site, of all, or of keys and the write switch; and undo.
#include <fmt/format.h>

#include <utility>

#include "api/answers.h"
#include "api/cursor.h"
#include "api/limits.h"
#include "api/routes.h"
#include "base/limits.h"
#include "base/number.h"
#include "client/read.h"
#include "formats/site_json.h"
#include "http/json_body.h"
#include "http/parameters.h"
#include "http/problem.h"

namespace titer::api {

namespace {

Status print_events(const http::Request& request, const Rows& rows, http::Response& response) {
  std::string& out = response.body;
  out = R"({"events":[)";
  const std::size_t begin = out.size();
  Position last;
  const auto page = client::visit_history(rows.body, [&](const registry::Event& event) {
    if (out.size() > begin) out += ",\n";
    formats::print_json(event, out);
    last = event.position;
    return true;
  });
  if (!page) return page.error();
  out += fmt::format("],\"removed\":{},\"links\":{{", page->removed.value);
  if (page->more) print_next(request, "before", std::to_string(last.value), out);
  out += "}}\n";
  tag_by_content(response);
  return ok_status();
}

void answer_history(HandlerContext& context, const http::Exchange& exchange, registry::History query) {
  const http::Request& request = exchange.request();
  const auto limit = http::number_of(request, "limit", limits::kPageDefault, 1, titer::limits::kPageMax);
  if (!limit) return exchange.respond(bad_request(limit.error()));
  const auto before = http::number_of(request, "before", 0, 1, UINT64_MAX);
  if (!before) return exchange.respond(bad_request(before.error()));
  query.before = Position(*before);
  query.limit = static_cast<std::uint32_t>(*limit);
  answer_query(context, exchange, query, [exchange](const Rows& rows, http::Response& response) {
    return print_events(exchange.request(), rows, response);
  });
}

void history(HandlerContext& context, const http::Exchange& exchange) {
  registry::History query;
  const http::Request& request = exchange.request();
  if (!request.values.empty()) query.site = registry::SiteRef{.id = request.values[0], .name = {}};
  answer_history(context, exchange, query);
}

void key_history(HandlerContext& context, const http::Exchange& exchange) {
  registry::History query;
  query.of = registry::History::Of::kAccess;
  answer_history(context, exchange, query);
}

void undo(HandlerContext& context, const http::Exchange& exchange) {
  const auto position = parse_number<std::uint64_t>(exchange.request().values[0]);
  if (!position || *position == 0)
    return exchange.respond(
        bad_request({Code::kInvalid, "an event is named by its position, a whole number above 0"}));
  http::JsonBody body;
  if (const Status read = body.read(exchange.request(), "reason"); !read)
    return exchange.respond(http::refused_body(read.error()));
  const auto reason = body.text("reason");
  if (!reason) return exchange.respond(http::refused_body(reason.error()));
  answer_write(context, exchange, registry::Undo{Position(*position)}, reason->value_or(std::string_view()));
}

constexpr Route kEventRoutes[] = {
    {http::Method::kGet, "/api/v1/events", history, registry::Act::kRead, "list_events", "limit before"},
    {http::Method::kGet, "/api/v1/sites/{id}/history", history, registry::Act::kRead, "site_history",
     "limit before"},
    {http::Method::kGet, "/api/v1/keys/history", key_history, registry::Act::kAudit, "key_history", "limit before"},
    {http::Method::kPost,
     "/api/v1/events/{position}/undo",
     undo,
     registry::Act::kUndo,
     "undo",
     {},
     http::Body::kJson},
};

}  // namespace

Routes event_routes() { return kEventRoutes; }

}  // namespace titer::api
