// SPDX-License-Identifier: Apache-2.0

// Refusal: a refusal of the registry as an HTTP problem, with the current state: `current` and version of the stock line,
// version of the site. Pure.
#pragma once

#include "http/response.h"
#include "registry/request.h"

namespace titer::api {

[[nodiscard]] http::Response refusal(const registry::Outcome& refused);

}  // namespace titer::api
