// SPDX-License-Identifier: Apache-2.0

// Stock values: products and stock as query parameters and JSON bodies write them. Pure. Errors (kInvalid) are sentences that
// say which values are accepted.
#pragma once

#include <string_view>

#include "base/result.h"
#include "http/json_body.h"
#include "http/request.h"
#include "registry/request.h"
#include "registry/types.h"

namespace titer::api {

// The query parameter: CVX, NDC or "any", as the code that is stored; empty when absent.
[[nodiscard]] Result<std::string_view> product_of(const http::Request& request, std::string_view name);
// {"count":12}, 12, "yes", true, "no", false, "unknown".
[[nodiscard]] Result<registry::Availability> availability_of(const boost::json::value& value);
// A line of stock: product (unless `product` is given), availability, valid_at, source.
[[nodiscard]] Result<registry::StockClaim> claim_of(const http::JsonObject& line, std::string_view product);

}  // namespace titer::api
