// SPDX-License-Identifier: Apache-2.0

#include "api/answers.h"

#include <fmt/format.h>

#include <utility>

#include "api/limits.h"
#include "api/refusal.h"
#include "api/route.h"
#include "api/site_tag.h"
#include "base/hash.h"
#include "base/text.h"
#include "formats/site_json.h"
#include "http/parameters.h"
#include "http/problem.h"
#include "http/target.h"

namespace titer::api {

namespace {

http::Response outcome_response(const registry::Outcome& outcome, std::uint64_t stream) {
  if (!outcome.ok()) return refusal(outcome);
  http::Response response;
  response.position = outcome.position;
  formats::print_json(outcome, response.body);
  if (outcome.has_stock) response.etag = version_tag(outcome.stock_version, stream);
  if (!outcome.created) return response;
  response.status = 201;
  std::string& location = response.headers.emplace_back("Location", "/api/v1/sites/").second;
  http::print_escaped(outcome.site_id, location);
  return response;
}

// Header texts become part of the replicated state, so they are held to its rules here.
Status check_text(std::string_view name, std::string_view value) {
  if (value.size() > limits::kKeyBytesMax)
    return Error{Code::kInvalid, fmt::format("{} may have {} bytes", name, limits::kKeyBytesMax)};
  if (!is_utf8(value)) return Error{Code::kInvalid, fmt::format("{} is not UTF-8", name)};
  return ok_status();
}

}  // namespace

http::Response bad_request(const Error& error) {
  if (error.code == Code::kTooLarge || error.code == Code::kTooOld) return http::problem(error);
  return http::problem(400, "bad_request", error.message);
}

void answer_query(HandlerContext& context, const http::Exchange& exchange, const registry::Query& query,
                  MakeResponse make) {
  const registry::KeyId key = acting_key(exchange.request());
  context.reads.ask(
      query,
      [exchange, key, make = std::move(make)](const Result<Rows>& rows) {
        if (exchange.gone()) return;
        if (!rows) return exchange.respond(http::problem(rows.error()));
        http::Response response;
        response.position = rows->position;
        // What somebody may see with a key is nobody else's.
        response.cache = key == registry::kNoKey ? "no-cache" : "no-store";
        response.headers.emplace_back("Vary", "Authorization");
        const Status made = make(*rows, response);
        exchange.respond(made ? std::move(response) : http::problem(made.error()));
      },
      key);
}

void tag_by_content(http::Response& response) {
  response.etag = fmt::format("\"{:016x}\"", hash64(as_bytes(response.body)));
}

void execute(HandlerContext& context, const http::Exchange& exchange, registry::Operation operation,
             std::string_view reason, ThenOutcome then) {
  const http::Request& http = exchange.request();
  registry::Request request;
  request.operation = std::move(operation);
  request.actor = http.header("titer-actor");
  request.reason = reason;
  request.idempotency_key = http.header("idempotency-key");
  request.key = acting_key(http);
  for (const auto& [name, value] : {std::pair<std::string_view, std::string_view>("Titer-Actor", request.actor),
                                    {"Idempotency-Key", request.idempotency_key}})
    if (const Status legal = check_text(name, value); !legal) return exchange.respond(bad_request(legal.error()));
  // Taken for none, a second attempt would be executed a second time.
  if (request.idempotency_key.empty() && http.has_header("idempotency-key"))
    return exchange.respond(
        bad_request({Code::kInvalid, "Idempotency-Key is empty: give it a value, or leave it out"}));
  if (request.actor.empty()) request.actor = kHttpActor;
  context.backend.execute(request, std::move(then));
}

void answer_write(HandlerContext& context, const http::Exchange& exchange, registry::Operation operation,
                  std::string_view reason) {
  execute(context, exchange, std::move(operation), reason,
          [exchange, stream = context.setup.cluster](const registry::Outcome& outcome) {
            exchange.respond(outcome_response(outcome, stream));
          });
}

}  // namespace titer::api
