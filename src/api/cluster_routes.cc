// SPDX-License-Identifier: Apache-2.0

// A cluster on this machine, for people who look at it and try what it survives: kill, start, and the last frames.
#include <fmt/format.h>

#include "api/handler_context.h"
#include "api/routes.h"
#include "base/json_string.h"
#include "base/number.h"
#include "http/problem.h"

namespace titer::api {

namespace {

void trace(HandlerContext& context, const http::Exchange& exchange) {
  context.backend.trace([exchange](const Result<std::string_view>& json) {
    if (!json) return exchange.respond(http::problem(json.error()));
    http::Response response;
    response.body = *json;
    exchange.respond(std::move(response));
  });
}

void operate(HandlerContext& context, const http::Exchange& exchange, wire::Operate::What what) {
  if (!context.setup.cluster_control)
    return exchange.respond(
        http::problem(404, "not_found", "replicas are killed and started here only under titer cluster"));
  if (!exchange.request().loopback)
    return exchange.respond(
        http::problem(403, "not_from_here", "replicas are killed and started from their own machine only"));
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
