// SPDX-License-Identifier: Apache-2.0

#include "registry/precondition.h"

#include <fmt/format.h>

namespace titer::registry {

std::string why_refused(const Precondition& condition, std::uint32_t version) {
  const auto only = condition.only();
  if (version == 0) return "does not exist, and the request is for one that does";
  if (only == 0U) return fmt::format("exists already, at version {}", version);
  if (only) return fmt::format("is at version {}, not {}", version, *only);
  return fmt::format("is at version {}, which the request does not allow", version);
}

}  // namespace titer::registry
