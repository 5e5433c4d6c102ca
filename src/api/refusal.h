// SPDX-License-Identifier: Apache-2.0

// A refusal of the registry as a problem. It carries what there is now: `current` of a stock line, its version, the
// site's version.
#pragma once

#include "http/response.h"
#include "registry/request.h"

namespace titer::api {

[[nodiscard]] http::Response refusal(const registry::Outcome& refused);

}  // namespace titer::api
