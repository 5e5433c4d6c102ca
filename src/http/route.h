// SPDX-License-Identifier: Apache-2.0

// Route: one line of the table of what is served: method and path, and what the document says of it.
//
// A service derives its own from it, with its handler and whatever else it has to know of a route. The router gives back
// the one that it was given.
#pragma once

#include <cstdint>
#include <string_view>

#include "http/request.h"

namespace titer::http {

// What a request may bring: kJson is read whole first (kBodyBytesMax), kStream is taken piece by piece.
enum class Body : std::uint8_t { kNone, kJson, kStream };

struct Route {
  Method method = Method::kGet;  // kGet answers HEAD too
  std::string_view pattern;      // "/api/v1/sites/{id}"; the parts in braces become request.values, in order
  std::string_view metric;       // its name in metrics: "get_site"
  std::string_view parameters;   // query parameters that it knows, with blanks between; any other is refused
  Body body = Body::kNone;
};

}  // namespace titer::http
