// SPDX-License-Identifier: Apache-2.0

// Titer-Min-Position: a read of a replica that has come as far as the client has seen elsewhere.
//
// Every read waits here before its handler is called, so no route can forget it. What a handler keeps for longer than one
// request (SMART publications) it compares itself.
#pragma once

#include <functional>

#include "api/handler_context.h"
#include "http/exchange.h"

namespace titer::api {

// What the header asks for; 0: there is none. kInvalid: it is no position.
[[nodiscard]] Result<Position> min_position(const http::Request& request);

// Calls `then` when this replica has come to that position; after kMinPositionUs it answers 503 instead. Without the header,
// at once.
void at_min_position(HandlerContext& context, const http::Exchange& exchange, std::function<void()> then);

}  // namespace titer::api
