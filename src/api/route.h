// SPDX-License-Identifier: Apache-2.0

// Route: one line of the table of routes, with the function that answers and the permission that it needs.
//
// A handler is a plain function; it gets everything from its worker in the HandlerContext. The tables are in routes.h.
#pragma once

#include <span>
#include <string_view>

#include "http/exchange.h"
#include "http/route.h"
#include "registry/keys.h"
#include "registry/permissions.h"

namespace titer::api {

struct HandlerContext;

// The permission that a request of this route needs (registry/permissions.h). No default: a route without one does not
// compile.
struct Needs {
  registry::Act act;
  constexpr Needs(registry::Act what) : act(what) {}  // NOLINT: implicit on purpose
};
using Handler = void (*)(HandlerContext& context, const http::Exchange& exchange);

struct Route : http::Route {
  constexpr Route(http::Method of, std::string_view path, Handler answers, Needs needs, std::string_view name,
                  std::string_view known = {}, http::Body brings = http::Body::kNone, bool takes_condition = false)
      : http::Route{of, path, name, known, brings}, handler(answers), act(needs), conditional(takes_condition) {}

  // For handlers that do not ask the replica on behalf of the key: without it a revoked key would be treated as no key.
  [[nodiscard]] constexpr Route key_judged_first() const {
    Route copy = *this;
    copy.judges_key = true;
    return copy;
  }

  Handler handler;
  Needs act;
  bool judges_key = false;  // a key that is shown is judged before the handler is called
  bool conditional;         // it changes something, if If-Match and If-None-Match allow that
};
using Routes = std::span<const Route>;

// The line of our tables behind a route that the router gave back.
[[nodiscard]] inline const Route& our_route(const http::Route& route) { return static_cast<const Route&>(route); }

// On whose behalf a request is made; kNoKey: nobody's. Admission sets it before the handler is called.
[[nodiscard]] inline registry::KeyId acting_key(const http::Request& request) {
  return registry::KeyId(request.principal);
}

}  // namespace titer::api
