// SPDX-License-Identifier: Apache-2.0

#include "api/admission.h"

#include <utility>

#include "base/text.h"
#include "http/problem.h"

namespace titer::api {

namespace {

constexpr std::string_view kScheme = "bearer ";  // in any case (RFC 9110 11.1)

http::Response too_often(const net::Rate& rate) { return http::problem(rate.refusal(), rate.retry_after_s()); }

// Judged beforehand: neither apply() nor an answer sees it.
bool needs_authorization(const Route& route, registry::KeyId key) {
  return route.act.act == registry::Act::kOperate || route.body == http::Body::kStream ||
         (route.judges_key && key != registry::kNoKey);
}

Result<wire::Token> token_of(std::string_view authorization) {
  if (!same_ignoring_case(authorization.substr(0, kScheme.size()), kScheme))
    return Error{Code::kUnauthorized, "a key is shown as: Authorization: Bearer titer_…"};
  auto token = wire::parse_token(authorization.substr(kScheme.size()));
  return token.ok() ? token : Result<wire::Token>(Error{Code::kUnauthorized, token.error().message});
}

}  // namespace

Admission::Admission(Reads& reads, Door& door, bool remote_writes_need_key, Serve serve)
    : reads_(reads), door_(door), serve_(std::move(serve)), remote_writes_need_key_(remote_writes_need_key) {}

bool Admission::admits_address(const http::Exchange& exchange, BootTime now) {
  const http::Request& request = exchange.request();
  if (door_.take_address({request.address, 0, request.loopback}, now)) return true;
  exchange.respond(too_often(door_.per_address()));
  return false;
}

bool Admission::admits(const Route& route, const http::Exchange& exchange, BootTime now) {
  const http::Request& request = exchange.request();
  const std::string_view authorization = request.header("authorization");
  if (authorization.empty()) return admits_key(route, exchange, registry::kNoKey, now);
  const auto token = token_of(authorization);
  if (!token) {
    exchange.respond(http::problem(token.error()));
    return false;
  }
  if (const auto key = keyring_.find(*token)) return admits_key(route, exchange, *key, now);
  authenticate(route, exchange, *token);
  return false;
}

bool Admission::admits_key(const Route& route, const http::Exchange& exchange, registry::KeyId key, BootTime now) {
  const http::Request& request = exchange.request();
  if (!door_.take_key({request.address, key.value, request.loopback}, now)) {
    exchange.respond(too_often(door_.per_key()));
    return false;
  }
  if (remote_writes_need_key_ && key == registry::kNoKey && !request.loopback && !is_public(route.act.act)) {
    exchange.respond(http::problem(Error{Code::kUnauthorized, std::string(wire::kRemoteNeedsKey)}));
    return false;
  }
  exchange.speaks_for(key.value);
  if (!needs_authorization(route, key)) return true;
  authorize(route, exchange, key);
  return false;
}

void Admission::authenticate(const Route& route, const http::Exchange& exchange, const wire::Token& token) {
  const registry::CheckKey query{token.key, wire::hash_secret(token.secret)};
  reads_.ask(
      query,
      [this, &route, exchange, token](const Result<Rows>& rows) {
        if (exchange.gone()) return;
        if (!rows) return exchange.respond(http::problem(rows.error()));
        keyring_.remember(token);
        if (admits_key(route, exchange, token.key, net::boot_now())) serve_(route, exchange);
      },
      registry::kMachine);
}

void Admission::authorize(const Route& route, const http::Exchange& exchange, registry::KeyId key) {
  reads_.ask(
      registry::CheckAct{key, route.act.act},
      [this, &route, exchange](const Result<Rows>& rows) {
        if (exchange.gone()) return;
        if (!rows) return exchange.respond(http::problem(rows.error()));
        serve_(route, exchange);
      },
      registry::kMachine);
}

}  // namespace titer::api
