// SPDX-License-Identifier: Apache-2.0

// Every route, as tables; one function per file of handlers. docs/reference/openapi.json describes them, and a test compares.
#pragma once

#include "api/route.h"
#include "http/router.h"

namespace titer::api {

[[nodiscard]] Routes health_routes();  // healthz, readyz, status, openapi.json
[[nodiscard]] Routes site_read_routes();
[[nodiscard]] Routes site_write_routes();
[[nodiscard]] Routes stock_routes();
[[nodiscard]] Routes event_routes();       // history, undo
[[nodiscard]] Routes change_routes();      // the change stream
[[nodiscard]] Routes cluster_routes();     // kill, start, trace
[[nodiscard]] Routes export_routes();      // all sites as a file
[[nodiscard]] Routes import_routes();      // a file into the registry
[[nodiscard]] Routes smart_routes();       // SMART Scheduling Links
[[nodiscard]] Routes metrics_routes();     // for Prometheus
[[nodiscard]] Routes key_routes();         // keys, the switch that stops writes
[[nodiscard]] Routes plain_page_routes();  // Find without script

// docs/reference/openapi.json, as the program carries it.
[[nodiscard]] std::string_view openapi_document();

// All of them, in the order in which they are tried.
[[nodiscard]] http::Router make_router();

}  // namespace titer::api
