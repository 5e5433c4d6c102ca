// SPDX-License-Identifier: Apache-2.0

// Full snapshot: reads all sites through a worker's backend, in small pages one after another, so that it delays no other
// request. Thread rule: the worker's thread.
#pragma once

#include <functional>

#include "api/handler_context.h"
#include "api/shared.h"

namespace titer::api {

using ThenSnapshot = std::function<void(const Result<SharedSnapshot>&)>;

// All open sites as they are now; a read of the same position that is in progress is shared. kBusy: too many at a time, in all or for
// this address (0: it is for this server).
// A client's copy may have to give way to another client at any time (SnapshotCopy::use); a copy for this server never has to.
// `then` is called once, later, on this worker's thread.
[[nodiscard]] Error several_exports();
void read_full_snapshot(HandlerContext& context, std::uint64_t address, ThenSnapshot then);

}  // namespace titer::api
