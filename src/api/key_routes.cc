// SPDX-License-Identifier: Apache-2.0

// Keys and the switch that stops writes: for operators, and for auditors to look at.
#include <fmt/format.h>

#include <utility>

#include "api/answers.h"
#include "api/cursor.h"
#include "api/limits.h"
#include "api/refusal.h"
#include "api/routes.h"
#include "base/limits.h"
#include "client/new_token.h"
#include "client/read.h"
#include "formats/key_json.h"
#include "http/json_body.h"
#include "http/parameters.h"
#include "http/problem.h"
#include "registry/permissions.h"

namespace titer::api {

namespace {

using registry::Act;

Status print_keys(const http::Request& request, const Rows& rows, http::Response& response) {
  std::string& out = response.body;
  out = R"({"keys":[)";
  const std::size_t begin = out.size();
  registry::KeyId last;
  const auto more = client::visit_keys(rows.body, [&](const registry::Key& key) {
    if (out.size() > begin) out += ",\n";
    formats::print_json(key, out);
    last = key.id;
    return true;
  });
  if (!more) return more.error();
  out += "],\"links\":{";
  if (*more) print_next(request, "after", registry::to_text(last), out);
  out += "}}\n";
  return ok_status();
}

void list_keys(HandlerContext& context, const http::Exchange& exchange) {
  const http::Request& request = exchange.request();
  const auto limit = http::number_of(request, "limit", limits::kPageDefault, 1, titer::limits::kPageMax);
  if (!limit) return exchange.respond(bad_request(limit.error()));
  registry::ListKeys query;
  query.limit = static_cast<std::uint32_t>(*limit);
  if (const std::string_view after = http::text_of(request, "after"); !after.empty()) {
    const auto id = registry::parse_key_id(after);
    if (!id) return exchange.respond(bad_request({Code::kInvalid, "'after' is the id of a key, 16 digits"}));
    query.after = *id;
  }
  answer_query(context, exchange, query, [exchange](const Rows& rows, http::Response& response) {
    return print_keys(exchange.request(), rows, response);
  });
}

// The key that a body asks for; texts are views into it.
Result<registry::CreateKey> key_of(const http::JsonBody& body) {
  registry::CreateKey key;
  const auto owner = body.text("owner"), role = body.text("role");
  if (!owner || !role) return owner ? role.error() : owner.error();
  const auto named = registry::parse_role(role->value_or(std::string_view()));
  if (!named)
    return Error{Code::kInvalid, "'role' is reader, provider, jurisdiction, aggregator, auditor or operator"};
  const auto scope = body.texts("scope");
  if (!scope) return scope.error();
  const auto expires = body.time("expires");
  if (!expires) return expires.error();
  const auto sites = body.number("sites_max");
  if (!sites) return sites.error();
  if (sites->value_or(0) < 0 || sites->value_or(0) > titer::limits::kKeySitesMax)
    return Error{Code::kInvalid,
                 fmt::format("'sites_max' is a number of sites, at most {}", titer::limits::kKeySitesMax)};
  key.sites_max = static_cast<std::uint32_t>(sites->value_or(0));
  key.owner = owner->value_or(std::string_view());
  key.role = *named;
  key.scope = *scope;
  key.expires = expires->value_or(WallTime());
  return key;
}

// The secret is made here, shown in this answer and nowhere else; its hash goes to the replicas. So a repetition cannot
// have the first one's answer: it makes another key.
void create_key(HandlerContext& context, const http::Exchange& exchange) {
  http::JsonBody body;
  if (const Status read = body.read(exchange.request(), "owner role scope sites_max expires reason"); !read)
    return exchange.respond(http::refused_body(read.error()));
  auto key = key_of(body);
  if (!key) return exchange.respond(http::refused_body(key.error()));
  const auto reason = body.text("reason");
  if (!reason) return exchange.respond(http::refused_body(reason.error()));
  if (!exchange.request().header("idempotency-key").empty())
    return exchange.respond(
        bad_request({Code::kInvalid, "every such request makes a new key: send no Idempotency-Key"}));
  const wire::Token token = client::new_token();
  key->id = token.key;
  key->secret = wire::hash_secret(token.secret);
  execute(context, exchange, std::move(*key), reason->value_or(std::string_view()),
          [exchange, token](const registry::Outcome& outcome) {
            if (!outcome.ok()) return exchange.respond(refusal(outcome));
            http::Response response;
            response.status = 201;
            response.position = outcome.position;
            response.body =
                fmt::format(R"({{"id":"{}","key":"{}"}})", registry::to_text(token.key), to_text(token));
            response.headers.emplace_back("Location", "/api/v1/keys/" + registry::to_text(token.key));
            exchange.respond(std::move(response));
          });
}

void revoke_key(HandlerContext& context, const http::Exchange& exchange) {
  const auto id = registry::parse_key_id(exchange.request().values[0]);
  if (!id) return exchange.respond(http::problem(Error{Code::kNotFound, "a key's id has 16 hexadecimal digits"}));
  answer_write(context, exchange, registry::RevokeKey{*id}, http::text_of(exchange.request(), "reason"));
}

void show_switch(HandlerContext& context, const http::Exchange& exchange) {
  answer_query(context, exchange, registry::GetSwitch{}, [](const Rows& rows, http::Response& response) {
    const auto writes = client::read_switch(rows.body);
    if (!writes) return Status(writes.error());
    formats::print_json(*writes, response.body);
    return ok_status();
  });
}

void set_switch(HandlerContext& context, const http::Exchange& exchange) {
  http::JsonBody body;
  if (const Status read = body.read(exchange.request(), "stopped reason"); !read)
    return exchange.respond(http::refused_body(read.error()));
  const auto* stopped = body.find("stopped");
  if (stopped == nullptr || !stopped->is_bool())
    return exchange.respond(
        http::refused_body({Code::kInvalid, R"('stopped' is true or false: {"stopped":true})"}));
  const auto reason = body.text("reason");
  if (!reason) return exchange.respond(http::refused_body(reason.error()));
  answer_write(context, exchange, registry::SetWriteStop{stopped->get_bool()},
               reason->value_or(std::string_view()));
}

constexpr Route kKeyRoutes[] = {
    {http::Method::kGet, "/api/v1/keys", list_keys, Act::kAudit, "list_keys", "limit after"},
    {http::Method::kPost, "/api/v1/keys", create_key, Act::kKeys, "create_key", {}, http::Body::kJson},
    {http::Method::kDelete, "/api/v1/keys/{id}", revoke_key, Act::kKeys, "revoke_key", "reason"},
    {http::Method::kGet, "/api/v1/writes", show_switch, Act::kRead, "get_writes", {}},
    {http::Method::kPut, "/api/v1/writes", set_switch, Act::kSwitch, "set_writes", {}, http::Body::kJson},
};

}  // namespace

Routes key_routes() { return kKeyRoutes; }

}  // namespace titer::api
