#include "api/routes.h"

namespace titer::api {

Router make_router() {
  Router router;
  for (const Routes& routes : {health_routes(), site_routes()}) router.add(routes);
  return router;
}

}  // namespace titer::api
