// SPDX-License-Identifier: Apache-2.0

#include "api/routes.h"

namespace titer::api {

http::Router make_router() {
  http::Router router;
  for (const Routes& routes : {health_routes(), site_read_routes(), site_write_routes(), stock_routes(),
                               event_routes(), change_routes(), export_routes(), import_routes(), smart_routes(),
                               metrics_routes(), cluster_routes(), key_routes(), plain_page_routes()})
    for (const Route& route : routes) router.add(route);
  return router;
}

}  // namespace titer::api
