// SPDX-License-Identifier: Apache-2.0

// SimDeathWatch: what the death watch of a process does when that has ended (host/death_watch.h): it tells the other replicas,
// each over a connection of its own. A notice may be late, or get lost.
#pragma once

#include <cstdint>

#include "sim/network.h"
#include "sim/scene.h"

namespace titer::sim {

class SimDeathWatch final : private Endpoint, private Handler {
 public:
  SimDeathWatch(Scene& scene, ReplicaId id, Incarnation incarnation);

  void tell_others();

 private:
  void on_event(std::uint32_t what, std::uint64_t argument) override;
  void on_dialled(Port port, ConnectionId connection) override;
  void on_accepted(ConnectionId) override {}
  void on_received(ConnectionId, Bytes) override {}
  void on_closed(ConnectionId) override {}

  Scene& scene_;
  ReplicaId id_;
  Incarnation incarnation_;
  Node node_;
};

}  // namespace titer::sim
