// SPDX-License-Identifier: Apache-2.0

// SimDisk: a replica's disk, which outlives its processes — a store::SimulatedDisk, and what the checkers want to know of it.
//
// The rules of what is on it are the store's own. A checker that wants to know what a process would find looks at a copy
// with the real Store (look()), as the next process will.
// Errors: a disk that cannot be read back is a broken promise of the store or of the simulator, so the run fails with it.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "machine/machine.h"
#include "sim/plan.h"
#include "smr/checkpoint.h"
#include "store/simulated/simulated_disk.h"
#include "store/store.h"
#include "wire/codec.h"

namespace titer::sim {

class SimDisk {
 public:
  struct Found {
    wire::Inventory inventory;
    smr::Recovered recovered;  // inventory.whole: what the last life held
    std::unique_ptr<machine::Machine> machine;
  };

  SimDisk(ReplicaId owner, std::uint64_t seed, const Plan& plan)
      : owner_(owner), seed_(seed), plan_(plan), disk_(seed) {}

  [[nodiscard]] store::SimulatedDisk& contents() { return disk_; }
  [[nodiscard]] store::StoreOptions options(Incarnation process) const;

  // What a process would find that started now.
  [[nodiscard]] Result<Found> look();
  // The process on it has ended. What it left.
  [[nodiscard]] Result<Found> ended(bool power_lost);
  // What its last process left; of a disk that nobody uses.
  [[nodiscard]] const wire::Inventory& left() const { return left_; }
  // Was it a member's under this incarnation, and has it been nothing else since?
  [[nodiscard]] static bool is_of(const wire::Inventory& found, const smr::Member& member);

  // As it is now; it has gone back if it is used later.
  [[nodiscard]] std::shared_ptr<SimDisk> snapshot();
  // Acknowledged frames may be missing, until a later view is installed: then the others have given it what was missing.
  [[nodiscard]] bool gone_back() const { return gone_back_; }
  void installed(ViewNumber view) {
    if (view > kept_in_) gone_back_ = false;
  }

 private:
  ReplicaId owner_;
  std::uint64_t seed_;
  const Plan& plan_;
  store::SimulatedDisk disk_;
  wire::Inventory left_;
  bool gone_back_ = false;
  ViewNumber kept_in_;  // the view that was installed when it was copied
};

}  // namespace titer::sim
