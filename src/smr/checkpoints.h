// SPDX-License-Identifier: Apache-2.0

// Checkpoints: I10, state digests at equal positions are equal.
//
// The driver reports where the state machine stands after each turn; turns end at different positions at
// different replicas, so a comparison is possible whenever a position is in the ring of both — at the latest
// when the cluster is idle for a heartbeat. A difference means that the state machine is not deterministic or
// memory is bad; going on would spread it.
//
// Thread rule: none; belongs to its replica.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>

#include "base/ids.h"
#include "smr/types.h"

namespace titer::smr {

class Checkpoints {
 public:
  void executed(Position position, std::uint64_t digest);
  // The newest, for a heartbeat; 0/0 before the first.
  [[nodiscard]] Position position() const { return newest().position; }
  [[nodiscard]] std::uint64_t digest() const { return newest().digest; }
  // The reason to stop, if the peer's digest differs from ours at the same position.
  [[nodiscard]] std::optional<std::string> compare(ReplicaId from, const Heartbeat& beat) const;

 private:
  struct Point {
    Position position;
    std::uint64_t digest = 0;
  };
  [[nodiscard]] const Point& newest() const { return ring_[last_]; }

  std::array<Point, 64> ring_{};
  std::size_t last_ = 0;
};

}  // namespace titer::smr
