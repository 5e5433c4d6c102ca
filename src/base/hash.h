// SPDX-License-Identifier: Apache-2.0

// XXH3, the only hash in titer: frame checksums, state digests, hash tables keyed by text.
// Not for anything an attacker gains from colliding; those use OpenSSL.
#pragma once

#include <cstdint>

#include "base/bytes.h"

namespace titer {

[[nodiscard]] std::uint64_t hash64(ByteView bytes, std::uint64_t seed = 0);

}  // namespace titer
