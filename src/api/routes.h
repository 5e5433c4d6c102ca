// Every route, as tables; one function per file of handlers. docs/openapi.json describes them, and a test compares.
#pragma once

#include "api/route.h"
#include "api/router.h"

namespace titer::api {

[[nodiscard]] Routes health_routes();  // healthz, readyz, status
[[nodiscard]] Routes site_routes();    // one site

// All of them, in the order in which they are tried.
[[nodiscard]] Router make_router();

}  // namespace titer::api
