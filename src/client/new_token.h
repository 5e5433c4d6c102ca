// SPDX-License-Identifier: Apache-2.0

// A new key: a random id and a random secret of 256 bits, for clients that create keys (wire/token.h has the format).
#pragma once

#include "wire/token.h"

namespace titer::client {

[[nodiscard]] wire::Token new_token();

}  // namespace titer::client
