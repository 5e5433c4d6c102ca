// POST /api/v1/import: a file of sites into the registry.
#include <fmt/format.h>

#include <memory>

#include "api/answers.h"
#include "api/context.h"
#include "api/import.h"
#include "api/parameters.h"
#include "api/problem.h"
#include "api/routes.h"

namespace titer::api {

namespace {

constexpr std::string_view kFormats =
    "csv, ndjson, smart, cdc, national or therapeutics; without it, it is found out";

void import_sites(Context& context, const Exchange& exchange) {
  const Request& request = exchange.request();
  Import::Options options;
  if (const std::string_view format = text_of(request, "format"); !format.empty()) {
    options.format = formats::format_named(format);
    if (!options.format)
      return exchange.respond(
          bad_request(Error{Code::kInvalid, fmt::format("the format of an import is {}", kFormats)}));
  }
  const Result<bool> dry_run = flag_of(request, "dry_run");
  if (!dry_run) return exchange.respond(bad_request(dry_run.error()));
  options.dry_run = *dry_run;
  const std::string_view actor = request.header("titer-actor");
  options.actor = actor.empty() ? kNobody : actor;
  if (!context.setup.shared->imports.take())
    return exchange.respond(problem(
        503, "busy", "as many imports as this replica takes are running; try again, or at another replica"));
  std::make_shared<Import>(context, exchange, std::move(options))->begin();
}

constexpr Route kRoutes[] = {
    {Method::kPost, "/api/v1/import", import_sites, "import", "format dry_run", Body::kStream},
};

}  // namespace

Routes import_routes() { return kRoutes; }

}  // namespace titer::api
