// SPDX-License-Identifier: Apache-2.0

// Nemesis: does to a run what its plan says may be done to it, and takes it all back for the liveness phase.
//
// Each kind of fault has its own clock, so that kinds meet in every combination. No fault takes the last living member
// that has the state (Scene::may_lose): t-1 failures are what is promised, and with durability t, if the disks stay. Dead
// processes are started again after a while, with their disk if they have one; dead clients are replaced. A disk goes back only
// where others have what it lacks; a bit flips only where a majority can say so.
#pragma once

#include <array>

#include "sim/scene.h"

namespace titer::sim {

class Nemesis final : public Handler {
 public:
  explicit Nemesis(Scene& scene) : scene_(scene) { restart_at_.fill(kNever); }

  void start();
  // Faults end, what stands still goes on; everybody comes back, or the others of a core stay away for good.
  void heal();
  // After heal(): will this replica be there?
  [[nodiscard]] bool in_core(ReplicaId id) const { return core_.has(id); }

 private:
  enum What : std::uint32_t {
    kStrike,
    kEndPartition,
    kEndSlowLink,
    kEndSlowDisk,
    kRestartMissing,
    kEndFlip,
    kEndWallFar
  };

  void on_event(std::uint32_t what, std::uint64_t argument) override;
  void strike(Fault fault);
  void schedule(Fault fault);
  void restart_missing();  // who is missing is started
  void partition();
  void cut();
  void slow_link();
  void client_death();
  void direct_death();
  void wall_jump();
  void total_failure();
  void end_in_change();
  void flip_bit();
  void end_flip(Incarnation incarnation);
  void wall_far();
  [[nodiscard]] SimProcess* somebody();
  [[nodiscard]] ReplicaId some_id();
  [[nodiscard]] Time some(Time low, Time high) { return scene_.random.between(low, high); }

  Scene& scene_;
  smr::ReplicaSet core_;
  std::array<Time, limits::kReplicasMax> restart_at_{};
  Time together_at_ = 0;          // after a total failure: all who are dead are started then
  std::uint64_t clients_ = 1000;  // numbers of those who replace others
  bool wall_was_far_ = false;     // once a run: a state that nobody can correct may go a week ahead each time
};

}  // namespace titer::sim
