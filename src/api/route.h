// SPDX-License-Identifier: Apache-2.0

// Route: one line of the table of what is served: method and path, who answers, and what the document says of it.
//
// A handler is a plain function; what it needs of its worker is in the HandlerContext. The tables are in routes.h.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "api/exchange.h"
#include "api/request.h"
#include "registry/permissions.h"

namespace titer::api {

struct HandlerContext;

// What a request may bring: kJson is read whole first (kBodyBytesMax), kStream is taken piece by piece.
enum class Body : std::uint8_t { kNone, kJson, kStream };
// What a request of this route is allowed by (registry/permissions.h). No default: a route without one does not compile.
struct Needs {
  registry::Act act;
  constexpr Needs(registry::Act what) : act(what) {}  // NOLINT: implicit on purpose
};
using Handler = void (*)(HandlerContext& context, const Exchange& exchange);

struct Route {
  Method method = Method::kGet;  // kGet answers HEAD too
  std::string_view pattern;      // "/api/v1/sites/{id}"; the parts in braces become request.values, in order
  Handler handler = nullptr;
  Needs act;
  std::string_view metric;      // its name in metrics: "get_site"
  std::string_view parameters;  // query parameters that it knows, with blanks between; any other is refused
  Body body = Body::kNone;
};
using Routes = std::span<const Route>;

}  // namespace titer::api
