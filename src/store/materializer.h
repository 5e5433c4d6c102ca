// SPDX-License-Identifier: Apache-2.0

// Materializer: moves what changed in the state machine into a batch for the tables, a piece per turn of the loop.
//
// Why pieces: the rows that changed since the last batch may be tens of megabytes, and the loop must not wait for
// them. Why the result is still correct: a row that changes after it was gathered is marked again and gathered again,
// the later one wins within the batch, and close() takes, at one position, all that is left. So the batch holds every
// row that changed as it is at that position, and the pieces before were only work done in advance.
//
//   while (!materializer.gather(machine, 256 KiB)) { … a turn … }
//   writer.submit(materializer.close(machine, replica.checkpoint(), …));
//
// The work of gathering keeps up with the work of executing: each call takes at least twice the rows that changed since
// the call before, so gathering ends, and close() finds about one turn's changes. What it copies beyond that are
// the sessions (limits::kSessionBytesMax) and one block of each lane of the history.
//
// The caller begins when there is something worth writing, at the latest every 64 MiB of journal or kSitesWaiting
// changed sites: that bounds the batch and so the memory (about 300 bytes a site; the state's history may come on
// top once). The same with a learner's state: close() with `learning` writes it as it is, complete only up to where
// the head says, and a later close() without it makes it whole, atomically like every batch.
//
// Thread rule: the machine's thread. One materialization at a time; batches must be written in the order in which
// they were closed, each (a batch that ran out of space is written later, not left out).
// The machine must be tracking changes since it was loaded (Machine::track_changes).
#pragma once

#include <cstddef>
#include <optional>

#include "machine/machine.h"
#include "store/tables.h"

namespace titer::store {

class Materializer {
 public:
  static constexpr std::size_t kSitesWaiting = 131'072;              // begin at the latest now: about 40 MB
  static constexpr std::size_t kBlockBytes = std::size_t{64} << 10;  // of events; one value of RocksDB

  // `written`: what load() found, or nothing for new or wiped tables.
  Materializer(const Tables& tables, Written written);

  // True: all that was changed before this call is in, it is time to close.
  [[nodiscard]] bool gather(machine::Machine& machine, std::size_t bytes_max);
  struct Closing {
    smr::Checkpoint checkpoint;  // of the same moment
    JournalMark journal = {};
    bool learning = false;
    WallTime now;
    std::vector<std::string> recoveries;
  };
  [[nodiscard]] TablesBatch close(machine::Machine& machine, Closing closing);

 private:
  TablesBatch& batch(const machine::Machine& machine);
  // True: none are left.
  bool gather_events(const registry::State& state, std::size_t bytes_max);
  bool gather_lane(const registry::State& state, registry::Lane lane, std::size_t bytes_max);
  void put_block(registry::Lane lane);
  void drop_blocks(registry::Lane lane, Position dropped);
  void gather_sessions(const machine::Machine& machine);
  bool gather_idempotency(const machine::IdempotencyTable& table, std::size_t bytes_max);
  void drop_idempotency(const machine::IdempotencyTable& table);
  void gather_access(const registry::State& state);

  const Tables& tables_;
  Written written_;
  std::optional<TablesBatch> batch_;
  std::size_t left_ = 0;                     // changed sites that the last call left
  registry::PerLane<bool> block_changed_{};  // its last block is not in the tables or the batch as it is
};

}  // namespace titer::store
