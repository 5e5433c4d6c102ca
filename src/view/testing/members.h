// SPDX-License-Identifier: Apache-2.0

// For tests: members of views.
#pragma once

#include <cstdint>
#include <string>

#include "base/ids.h"
#include "smr/types.h"

namespace titer::view {

// Replica `id` in its life `incarnation`, at an address of its own.
inline smr::Member member(std::uint16_t id, std::uint64_t incarnation) {
  return {ReplicaId(id), Incarnation(incarnation), "10.0.0." + std::to_string(id) + ":8892"};
}

}  // namespace titer::view
