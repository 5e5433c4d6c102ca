#include "api/guard.h"

#include <utility>

#include "api/problem.h"

namespace titer::api {

namespace {

constexpr std::string_view kScheme = "Bearer ";

Response too_often(const net::Rate& rate) { return problem(rate.refusal(), rate.retry_after_s()); }

// Judged beforehand: neither apply() nor an answer sees it.
bool asks_leave(const Route& route) {
  return route.act.act == registry::Act::kOperate || route.body == Body::kStream;
}

Result<wire::Token> token_of(std::string_view authorization) {
  if (!authorization.starts_with(kScheme))
    return Error{Code::kUnauthorized, "a key is shown as: Authorization: Bearer titer_…"};
  auto token = wire::parse_token(authorization.substr(kScheme.size()));
  return token.ok() ? token : Result<wire::Token>(Error{Code::kUnauthorized, token.error().message});
}

}  // namespace

Guard::Guard(Backend& backend, const net::RateLimits& rates, bool keys_beyond, Serve serve)
    : backend_(backend), serve_(std::move(serve)), rates_(rates), keys_beyond_(keys_beyond) {}

bool Guard::admits(const Route& route, const Exchange& exchange, BootTime now) {
  const Request& request = exchange.request();
  if (!rates_.per_address.take(request.address, now)) {
    exchange.respond(too_often(rates_.per_address));
    return false;
  }
  const std::string_view authorization = request.header("authorization");
  if (authorization.empty()) return known(route, exchange, registry::kNobody, now);
  const auto token = token_of(authorization);
  if (!token) {
    exchange.respond(problem(token.error()));
    return false;
  }
  if (const auto key = keyring_.find(*token)) return known(route, exchange, *key, now);
  introduce(route, exchange, *token);
  return false;
}

bool Guard::known(const Route& route, const Exchange& exchange, registry::KeyId key, BootTime now) {
  if (key != registry::kNobody && !rates_.per_key.take(key.value, now)) {
    exchange.respond(too_often(rates_.per_key));
    return false;
  }
  if (keys_beyond_ && key == registry::kNobody && !exchange.request().loopback && !is_public(route.act.act)) {
    exchange.respond(problem(Error{Code::kUnauthorized, std::string(wire::kKeyBeyond)}));
    return false;
  }
  exchange.speaks_for(key);
  if (!asks_leave(route)) return true;
  ask_leave(route, exchange, key);
  return false;
}

void Guard::introduce(const Route& route, const Exchange& exchange, const wire::Token& token) {
  const registry::CheckKey query{token.key, wire::hash_secret(token.secret)};
  backend_.ask(
      query,
      [this, &route, exchange, token](const Result<Rows>& rows) {
        if (exchange.gone()) return;
        if (!rows) return exchange.respond(problem(rows.error()));
        keyring_.remember(token);
        if (known(route, exchange, token.key, net::boot_now())) serve_(route, exchange);
      },
      registry::kMachine);
}

void Guard::ask_leave(const Route& route, const Exchange& exchange, registry::KeyId key) {
  backend_.ask(
      registry::CheckAct{key, route.act.act},
      [this, &route, exchange](const Result<Rows>& rows) {
        if (exchange.gone()) return;
        if (!rows) return exchange.respond(problem(rows.error()));
        serve_(route, exchange);
      },
      registry::kMachine);
}

}  // namespace titer::api
