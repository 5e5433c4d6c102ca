// SPDX-License-Identifier: Apache-2.0

// Recomputes what RegistryCore keeps up to date incrementally, and compares. Slow.
#pragma once

#include "base/result.h"
#include "registry/registry_core.h"

namespace titer::registry {

[[nodiscard]] Status check_core(const RegistryCore& core);

}  // namespace titer::registry
