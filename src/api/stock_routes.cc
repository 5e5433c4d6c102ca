// SPDX-License-Identifier: Apache-2.0

// What a site has of one product: log it, adjust it, reserve and give back.
#include <string>
#include <utility>

#include "api/answers.h"
#include "api/routes.h"
#include "api/site_tag.h"
#include "api/stock_values.h"
#include "http/json_body.h"
#include "registry/product_text.h"

namespace titer::api {

namespace {

// The line that the address names: /sites/{id}/stock/{product}. The site is a view into the request.
struct Line {
  registry::SiteRef site;
  std::string product;
};
Result<Line> line_of(const http::Request& request) {
  auto product = registry::product_code(request.values[1]);
  if (!product) return product.error();
  return Line{{.id = request.values[0], .name = {}}, std::move(product).value()};
}

void set(HandlerContext& context, const http::Exchange& exchange) {
  const http::Request& request = exchange.request();
  const auto line = line_of(request);
  if (!line) return exchange.respond(bad_request(line.error()));
  http::JsonBody body;
  if (const Status read = body.read(request, "availability valid_at source reason", "availability"); !read)
    return exchange.respond(http::refused_body(read.error()));
  std::string code;
  const auto claim = claim_of(body, line->product, code);
  if (!claim) return exchange.respond(http::refused_body(claim.error()));
  const auto reason = body.text("reason");
  if (!reason) return exchange.respond(http::refused_body(reason.error()));
  const auto version = precondition_of(request, TagOf::kStockLine, context.setup.cluster);
  if (!version) return exchange.respond(bad_request(version.error()));
  answer_write(context, exchange, registry::SetAvailability{line->site, *claim, *version},
               reason->value_or(std::string_view()));
}

// The three that change a count by a number in the body.
using MakeOperation = registry::Operation (*)(const Line& line, std::int64_t n,
                                              const registry::Precondition& version);

void change(HandlerContext& context, const http::Exchange& exchange, std::string_view member,
            std::int64_t otherwise, MakeOperation make) {
  const http::Request& request = exchange.request();
  const auto line = line_of(request);
  if (!line) return exchange.respond(bad_request(line.error()));
  http::JsonBody body;
  const std::string known = std::string(member) + " reason";
  if (const Status read = body.read(request, known, member); !read)
    return exchange.respond(http::refused_body(read.error()));
  const auto number = body.number(member);
  if (!number) return exchange.respond(http::refused_body(number.error()));
  const std::int64_t n = number->value_or(otherwise);
  if (n == 0 || (n < 0 && member != "by"))
    return exchange.respond(
        http::refused_body({Code::kInvalid, member == "by" ? R"('by' is missing or 0: {"by":-1})"
                                                           : "'doses' is a whole number above 0"}));
  const auto reason = body.text("reason");
  if (!reason) return exchange.respond(http::refused_body(reason.error()));
  const auto version = precondition_of(request, TagOf::kStockLine, context.setup.cluster);
  if (!version) return exchange.respond(bad_request(version.error()));
  answer_write(context, exchange, make(*line, n, *version), reason->value_or(std::string_view()));
}

void adjust(HandlerContext& context, const http::Exchange& exchange) {
  change(context, exchange, "by", 0, [](const Line& line, std::int64_t n, const registry::Precondition& version) {
    return registry::Operation(registry::Adjust{line.site, line.product, n, version});
  });
}

void reserve(HandlerContext& context, const http::Exchange& exchange) {
  change(context, exchange, "doses", 1,
         [](const Line& line, std::int64_t n, const registry::Precondition& version) {
           return registry::Operation(
               registry::Reserve{line.site, line.product, static_cast<std::uint64_t>(n), version});
         });
}

void release(HandlerContext& context, const http::Exchange& exchange) {
  change(context, exchange, "doses", 1,
         [](const Line& line, std::int64_t n, const registry::Precondition& version) {
           return registry::Operation(
               registry::Release{line.site, line.product, static_cast<std::uint64_t>(n), version});
         });
}

constexpr Route kStockRoutes[] = {
    {http::Method::kPut,
     "/api/v1/sites/{id}/stock/{product}",
     set,
     registry::Act::kStock,
     "set_stock",
     {},
     http::Body::kJson,
     true},
    {http::Method::kPost,
     "/api/v1/sites/{id}/stock/{product}/adjust",
     adjust,
     registry::Act::kStock,
     "adjust_stock",
     {},
     http::Body::kJson,
     true},
    {http::Method::kPost,
     "/api/v1/sites/{id}/stock/{product}/reserve",
     reserve,
     registry::Act::kStock,
     "reserve_stock",
     {},
     http::Body::kJson,
     true},
    {http::Method::kPost,
     "/api/v1/sites/{id}/stock/{product}/release",
     release,
     registry::Act::kStock,
     "release_stock",
     {},
     http::Body::kJson,
     true},
};

}  // namespace

Routes stock_routes() { return kStockRoutes; }

}  // namespace titer::api
