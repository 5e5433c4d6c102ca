// SPDX-License-Identifier: Apache-2.0

// Stock values: products and stock as query parameters and JSON bodies write them. Pure. Errors (kInvalid) are sentences that
// say which values are accepted.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "http/json_body.h"
#include "http/request.h"
#include "registry/request.h"
#include "registry/types.h"

namespace titer::api {

// What the query parameter asks for: a CVX or NDC code, "any", a trade name or a group, as the codes that are stored; none when
// it is absent.
[[nodiscard]] Result<std::vector<std::string>> products_of(const http::Request& request, std::string_view name);
// {"count":12}, 12, "yes", true, "no", false, "unknown".
[[nodiscard]] Result<registry::Availability> availability_of(const boost::json::value& value);
// A line of stock: product (that of the address, unless the line names one), availability, valid_at, source. The claim shows
// a view of `code`.
[[nodiscard]] Result<registry::StockClaim> claim_of(const http::JsonObject& line, std::string_view product,
                                                    std::string& code);

}  // namespace titer::api
