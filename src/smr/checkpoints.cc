// SPDX-License-Identifier: Apache-2.0

#include "smr/checkpoints.h"

#include <fmt/format.h>

namespace titer::smr {

void Checkpoints::executed(Position position, std::uint64_t digest) {
  if (position > newest().position) last_ = (last_ + 1) % ring_.size();
  ring_[last_] = {position, digest};
}

std::optional<std::string> Checkpoints::compare(ReplicaId from, const Heartbeat& beat) const {
  if (beat.checkpoint.value == 0) return std::nullopt;
  for (const Point& p : ring_) {
    if (p.position != beat.checkpoint || p.digest == beat.digest) continue;
    return fmt::format("state differs at position {}: digest {:016x} here, {:016x} at replica {} (I10)",
                       p.position.value, p.digest, beat.digest, from.value);
  }
  return std::nullopt;
}

}  // namespace titer::smr
