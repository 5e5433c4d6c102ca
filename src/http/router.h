// SPDX-License-Identifier: Apache-2.0

// Router: finds the route of a request, or says why there is none.
//
// The table is small and walked from its start: no tree would be quicker. A literal part goes before a {part} in the
// same place if its route stands first. Pure.
#pragma once

#include <string_view>
#include <vector>

#include "http/route.h"

namespace titer::http {

class Router {
 public:
  // It has to live as long as the router.
  void add(const Route& route);
  [[nodiscard]] const std::vector<const Route*>& routes() const { return order_; }

  struct Found {
    const Route* route = nullptr;  // null: `allowed` says what the path does take; empty: there is no such path
    std::string_view allowed;
    std::size_t index = 0;  // of the route in routes()
  };
  // Fills request.values.
  [[nodiscard]] Found find(Request& request) const;

 private:
  struct Entry {
    const Route* route;
    std::vector<std::string_view> parts;
    std::string allowed;  // every method of this pattern: "GET, HEAD, PUT, OPTIONS"
  };
  std::vector<Entry> entries_;
  std::vector<const Route*> order_;
};

// The first parameter of the request that the route does not know; null: all are known.
[[nodiscard]] const Request::Pair* unknown_parameter(const Request& request, const Route& route);

}  // namespace titer::http
