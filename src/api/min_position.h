// SPDX-License-Identifier: Apache-2.0

// Titer-Min-Position: a read of a replica that has come as far as the client has seen elsewhere.
//
// "1042", or "1042-9f3c77d1a2b4e058" with the Titer-Stream of the answer that had the position: a cluster that was restored, or
// that resumed with a loss of writes, counts the same positions again, for other states.
//
// Every read waits here before its handler is called, so no route can forget it. A handler with results that outlive one
// request (SMART publications) compares their position itself.
#pragma once

#include <functional>

#include "api/handler_context.h"
#include "http/exchange.h"

namespace titer::api {

// What the header asks for; 0: there is none. kInvalid: it is no position. kTooOld: it is of another stream than this one.
[[nodiscard]] Result<Position> min_position(const http::Request& request, std::uint64_t stream);

// Calls `then` when this replica has come to that position; after kMinPositionUs it answers 503 instead. Without the header,
// immediately.
void at_min_position(HandlerContext& context, const http::Exchange& exchange, std::function<void()> then);

}  // namespace titer::api
