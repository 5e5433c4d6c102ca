// SPDX-License-Identifier: Apache-2.0

// A new key: a random id and a random secret of 256 bits, for whoever makes keys (wire/token.h says what becomes of them).
#pragma once

#include "wire/token.h"

namespace titer::client {

[[nodiscard]] wire::Token new_token();

}  // namespace titer::client
