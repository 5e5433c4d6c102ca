// SPDX-License-Identifier: Apache-2.0

// The answers of handlers: from the rows of a query, from the outcome of a request, or a problem.
#pragma once

#include <functional>
#include <string_view>

#include "api/handler_context.h"
#include "http/exchange.h"
#include "registry/query.h"
#include "registry/request.h"

namespace titer::api {

inline constexpr std::string_view kHttpActor = "http";  // the actor when the request names none in Titer-Actor

// An error in the request itself: 400, 410 or 413.
[[nodiscard]] http::Response bad_request(const Error& error);

// Asks, and answers with what `make` puts into the response (its error becomes the
// answer). Views in `query` may be into the request.
using MakeResponse = std::function<Status(const Rows& rows, http::Response& response)>;
void answer_query(HandlerContext& context, const http::Exchange& exchange, const registry::Query& query,
                  MakeResponse make);

// A tag made of the content itself, for answers that no version stands for.
void tag_by_content(http::Response& response);

// Executes on behalf of the request's key, with the actor and the Idempotency-Key of its headers; bad headers are answered
// here. Views may be into the request.
void execute(HandlerContext& context, const http::Exchange& exchange, registry::Operation operation,
             std::string_view reason, ThenOutcome then);

// Executes with the actor and the Idempotency-Key of the request's headers, and answers with the outcome: 200, 201 for
// a new site, or a problem. Views may be into the request.
void answer_write(HandlerContext& context, const http::Exchange& exchange, registry::Operation operation,
                  std::string_view reason);

}  // namespace titer::api
