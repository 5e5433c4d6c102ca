// SPDX-License-Identifier: Apache-2.0

#include "api/refusal.h"

#include <fmt/format.h>

#include "base/json_string.h"
#include "formats/site_json.h"
#include "http/problem.h"

namespace titer::api {

http::Response refusal(const registry::Outcome& refused) {
  std::string members;
  if (!refused.site_id.empty()) {
    members.append(R"(,"site_id":)");
    print_json_string(refused.site_id, members);
  }
  if (refused.site_version != 0) members.append(fmt::format(R"(,"site_version":{})", refused.site_version));
  if (refused.has_stock) {
    members.append(R"(,"current":)");
    formats::print_json(refused.after, members);
    members.append(fmt::format(R"(,"stock_version":{})", refused.stock_version));
  }
  http::Response out = http::problem(http::status_of(refused.code), name(refused.code), refused.message, members);
  out.position = refused.position;
  return out;
}

}  // namespace titer::api
