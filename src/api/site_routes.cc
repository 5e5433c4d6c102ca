// One site: GET /api/v1/sites/{id}.
#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "api/context.h"
#include "api/problem.h"
#include "api/routes.h"
#include "api/site_tag.h"
#include "client/read.h"
#include "formats/site_json.h"

namespace titer::api {

namespace {

void get_site(Context& context, const Exchange& exchange) {
  const registry::SiteRef site{.id = exchange.request().values[0], .name = {}};
  context.backend.ask(registry::GetSite{site}, [exchange](const Result<Rows>& rows) {
    if (exchange.gone()) return;
    if (!rows) return exchange.respond(problem(rows.error()));
    Response response;
    response.position = rows->position;
    response.cache = "no-cache";
    const WallTime now = net::wall_now();
    const Result<bool> shown = client::visit_sites(rows->body, [&](const registry::Site& found) {
      formats::print_json(found, now, response.body);
      response.etag = site_tag(found, now);
      return false;
    });
    exchange.respond(shown ? std::move(response) : problem(shown.error()));
  });
}

constexpr Route kRoutes[] = {
    {Method::kGet, "/api/v1/sites/{id}", get_site, "get_site", {}},
};

}  // namespace

Routes site_routes() { return kRoutes; }

}  // namespace titer::api
