// Disk: where a replica with durability `disk` puts its frames, and when they are there.
//
// One sync at a time: what is submitted while one runs goes into the next, as group commit does. A disk may be slow,
// hang for a while, or fail a sync — then nothing later is ever synced, and the replica stops (fail-stop). What is not
// synced is not there after a crash; today nobody reads it again, because a process that is started again has lost
// everything (docs/protocol.md §7). A store that keeps bytes is built on this: submit() is its append, persisted() its
// durable end.
#pragma once

#include <cstdint>

#include "sim/stage.h"

namespace titer::sim {

class DiskOwner {
 public:
  virtual void persisted(std::uint64_t ticket) = 0;  // everything up to it is on disk
  virtual void disk_failed() = 0;
  // A failure is allowed now: somebody else has the state.
  [[nodiscard]] virtual bool may_fail() const = 0;

 protected:
  ~DiskOwner() = default;
};

class Disk final : public Handler {
 public:
  Disk(Stage& stage, DiskOwner& owner) : stage_(stage), owner_(owner) {}

  void submit(std::uint64_t ticket);
  // --- faults
  void slow(Time sync_us) { extra_us_ = sync_us; }
  void hang(Time until);
  void fail_next() { fails_ = true; }
  void heal();

 private:
  void on_event(std::uint32_t what, std::uint64_t argument) override;
  void begin();

  Stage& stage_;
  DiskOwner& owner_;
  std::uint64_t submitted_ = 0, syncing_ = 0, synced_ = 0;  // tickets
  std::uint64_t sync_ = 0;                                  // number of the sync under way
  Time extra_us_ = 0, hangs_until_ = 0;
  bool busy_ = false, fails_ = false, failed_ = false;
};

}  // namespace titer::sim
