// SPDX-License-Identifier: Apache-2.0

// Reading all sites through a worker's backend, without holding up anybody: small pages, one after another.
#pragma once

#include <functional>

#include "api/handler_context.h"
#include "api/shared.h"

namespace titer::api {

using ThenSnapshot = std::function<void(const Result<SharedSnapshot>&)>;

// All open sites as they are now or, if somebody is reading just that, the same snapshot. kBusy: too many at once.
// `then` is called once, later, on this worker's thread.
void read_full_snapshot(HandlerContext& context, ThenSnapshot then);

}  // namespace titer::api
