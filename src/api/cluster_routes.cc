// SPDX-License-Identifier: Apache-2.0

// A cluster on this machine, for people who look at it and try what it survives: kill, start, and the last frames.
#include <fmt/format.h>

#include <optional>
#include <utility>

#include "api/handler_context.h"
#include "api/origin.h"
#include "api/routes.h"
#include "base/json_string.h"
#include "base/number.h"
#include "http/problem.h"

namespace titer::api {

namespace {

constexpr std::string_view kTokenHeader = "titer-token";

void trace(HandlerContext& context, const http::Exchange& exchange) {
  context.backend.trace([exchange](const Result<std::string_view>& json) {
    if (!json) return exchange.respond(http::problem(json.error()));
    http::Response response;
    response.body = *json;
    exchange.respond(std::move(response));
  });
}

// Why replicas are not killed and started through this request, wherever it leads.
std::optional<http::Response> refusal(const HandlerContext& context, const http::Request& request) {
  if (context.setup.control_token.empty())
    return http::problem(404, "not_found", "replicas are killed and started here only under titer cluster");
  if (!request.loopback)
    return http::problem(403, "not_from_here", "replicas are killed and started from their own machine only");
  return std::nullopt;
}

void control_token(HandlerContext& context, const http::Exchange& exchange) {
  const http::Request& request = exchange.request();
  if (auto refused = refusal(context, request)) return exchange.respond(std::move(*refused));
  const Setup& setup = context.setup;
  if (!may_read_what_is_ours(request, {setup.peers->now()->all, setup.hosts, setup.listen.tls != nullptr}))
    return exchange.respond(
        http::problem(403, "cross_site", "this is for the pages of this cluster, under its own names"));
  http::Response response;
  response.body = fmt::format(R"({{"token":{}}})", json_string(setup.control_token));
  response.cache = "no-store";
  exchange.respond(std::move(response));
}

// A form or a simple request of somebody's page cannot send the token's header, nor Authorization; a request with a key
// shows it there.
bool shows_token(const HandlerContext& context, const http::Request& request) {
  return acting_key(request) != registry::kNoKey || request.header(kTokenHeader) == context.setup.control_token;
}

void operate(HandlerContext& context, const http::Exchange& exchange, wire::Operate::What what) {
  if (auto refused = refusal(context, exchange.request())) return exchange.respond(std::move(*refused));
  if (!shows_token(context, exchange.request()))
    return exchange.respond(
        http::problem(403, "token_needed",
                      "send the token of GET /api/v1/cluster/token in the header Titer-Token, or show a key"));
  const std::string_view text = exchange.request().values.front();
  const auto replica = parse_number<std::uint32_t>(text);
  if (!replica)
    return exchange.respond(http::problem(Error{Code::kNotFound, "a replica's index is a whole number"}));
  context.backend.operate(what, *replica, [exchange](const wire::Operated& done) {
    if (done.code != Code::kOk) return exchange.respond(http::problem(Error{done.code, done.message}));
    http::Response response;
    response.body = fmt::format(R"({{"message":{}}})", json_string(done.message));
    exchange.respond(std::move(response));
  });
}

void kill_replica(HandlerContext& context, const http::Exchange& exchange) {
  operate(context, exchange, wire::Operate::What::kKill);
}
void start_replica(HandlerContext& context, const http::Exchange& exchange) {
  operate(context, exchange, wire::Operate::What::kStart);
}

constexpr Route kClusterRoutes[] = {
    {http::Method::kGet, "/api/v1/cluster/token", control_token, registry::Act::kRead, "control_token", {}},
    {http::Method::kGet, "/api/v1/trace", trace, registry::Act::kOperate, "trace", {}},
    {http::Method::kPost,
     "/api/v1/cluster/replicas/{index}/kill",
     kill_replica,
     registry::Act::kOperate,
     "kill_replica",
     {}},
    {http::Method::kPost,
     "/api/v1/cluster/replicas/{index}/start",
     start_replica,
     registry::Act::kOperate,
     "start_replica",
     {}},
};

}  // namespace

Routes cluster_routes() { return kClusterRoutes; }

}  // namespace titer::api
