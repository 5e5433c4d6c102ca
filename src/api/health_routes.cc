// SPDX-License-Identifier: Apache-2.0

// How this replica is: /healthz, /readyz, /api/v1/status; and the description of the interface.
#include <fmt/format.h>

#include <utility>

#include "api/answers.h"
#include "api/handler_context.h"
#include "api/routes.h"
#include "http/problem.h"

// NOLINTNEXTLINE(modernize-avoid-c-arrays): symbols of openapi_blob.cc
extern "C" const char titer_openapi_begin[], titer_openapi_end[];

namespace titer::api {

namespace {

http::Response text(std::string_view body) {
  http::Response out;
  out.type = http::kTextType;
  out.body = body;
  return out;
}

// The process lives and this worker turns.
void healthz(HandlerContext&, const http::Exchange& exchange) { exchange.respond(text("ok\n")); }

// A linearizable read is answered: the replica is a member of the view, has its lease, and is not cut off.
void readyz(HandlerContext& context, const http::Exchange& exchange) {
  context.reads.ask(registry::Info{}, [exchange](const Result<Rows>& rows) {
    http::Response response = rows ? text("ready\n") : http::problem(rows.error());
    if (rows) response.position = rows->position;
    exchange.respond(std::move(response));
  });
}

// What the node says of itself, and what only we know.
void status(HandlerContext& context, const http::Exchange& exchange) {
  context.backend.status([&context, exchange](const Result<std::string_view>& json) {
    if (!json) return exchange.respond(http::problem(json.error()));
    http::Response response;
    response.body.assign(json->substr(0, json->rfind('}')));
    response.body += fmt::format(R"(,"http":{},"peers":{})", context.http_json(), context.setup.peers->now()->json);
    if (!context.setup.control_token.empty()) response.body += R"(,"cluster_control":true)";
    response.body += "}";
    exchange.respond(std::move(response));
  });
}

void openapi(HandlerContext&, const http::Exchange& exchange) {
  http::Response response;
  response.body = openapi_document();
  response.cache = "no-cache";
  tag_by_content(response);
  exchange.respond(std::move(response));
}

constexpr Route kHealthRoutes[] = {
    {http::Method::kGet, "/api/v1/openapi.json", openapi, registry::Act::kRead, "openapi", {}},
    {http::Method::kGet, "/healthz", healthz, registry::Act::kRead, "healthz", {}},
    {http::Method::kGet, "/readyz", readyz, registry::Act::kRead, "readyz", {}},
    {http::Method::kGet, "/api/v1/status", status, registry::Act::kRead, "status", {}},
};

}  // namespace

std::string_view openapi_document() {
  return {titer_openapi_begin, static_cast<std::size_t>(titer_openapi_end - titer_openapi_begin)};
}

Routes health_routes() { return kHealthRoutes; }

}  // namespace titer::api
