// Recomputes what Core keeps up to date incrementally, and compares. Slow.
#pragma once

#include "base/result.h"
#include "registry/core.h"

namespace titer::registry {

[[nodiscard]] Status check_core(const Core& core);

}  // namespace titer::registry
