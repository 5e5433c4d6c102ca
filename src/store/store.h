// Store: a replica's disk, as the node sees it — the journal of what it holds, and the tables of what it has executed.
//
// The journal (journal.h) makes frames durable: appended in the order of smr's tickets, synced by a thread of its own,
// all of a turn together. The tables (tables.h) are the state at one executed position, moved lazily, in pieces, between
// the loop's turns, and written by another thread as one atomic batch. What the tables have, and everybody holds, the
// journal may forget (I7). After a restart: read the tables, then the journal from there on.
//
// Thread rule: everything on the loop's thread; what happens on the threads comes back through Events::post.
// Invariants: nothing is reported persisted that a crash could take away; the tables are at one position at any time; the
// journal has every frame beyond them.
// Errors: a disk that fails is never tried again: Events::failed, and the replica must stop (fail-stop). A disk that runs
// full is not a failure as long as prepared space lasts: Events::room.
// Source: docs/protocol.md §7; docs/decisions/0011 for why the journal is ours.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/ids.h"
#include "base/result.h"
#include "machine/machine.h"
#include "smr/checkpoint.h"
#include "smr/replica.h"
#include "store/identity.h"
#include "store/journal.h"
#include "store/tables.h"
#include "wire/codec.h"

namespace titer::store {

struct StoreOptions {
  std::string dir;
  std::uint64_t cluster = 0;
  ReplicaId me;
  Incarnation incarnation;
};

struct StoreEvents {
  std::function<void(std::function<void()>)> post;  // from any thread: run this on the loop's
  std::function<void(std::uint64_t ticket)> persisted;
  std::function<void(const std::string& why)> failed;
  std::function<void(bool enough)> room;
};

class Store {
 public:
  // Reads all there is into `machine`, which must be new. Error: the directory is another's, in use or damaged.
  [[nodiscard]] static Result<std::unique_ptr<Store>> open(StoreOptions options, StoreEvents events,
                                                           machine::Machine& machine);
  ~Store();

  // --- what was found
  [[nodiscard]] const wire::Inventory& inventory() const { return inventory_; }
  // inventory().whole: what the replica goes on from, if it is one of those who begin anew.
  [[nodiscard]] const smr::Recovered& recovered() const { return recovered_; }

  // --- how it goes on: one of these, before anything is written. On disk when it returns.
  [[nodiscard]] Status found(const smr::ViewRecord& first);  // as a member of a new cluster
  [[nodiscard]] Status go_on();                              // as one of those who begin anew
  [[nodiscard]] Status learn();                              // as a learner; what is here helps, but counts no more

  // --- every turn
  void persist(const std::vector<smr::Output::Persist>& what);
  // Hands to the disk what was given to persist(): requests at once, frames without any when they have waited long
  // enough or `now` is set.
  void commit(BootTime now, bool urgent);
  // Moves a piece of the state towards the tables when it is due. When to call again at the latest.
  [[nodiscard]] BootTime write_tables(BootTime now, const machine::Machine& machine, const smr::Replica& replica);
  // Learner: a final state is in `machine`, of the view before `view`. `done` is called when it is on disk.
  void joined(const machine::Machine& machine, ViewNumber view, LamportTime clock, std::function<void()> done);
  // A clean end: the state as it is goes into the tables, so that the next start has nothing to replay. Waits.
  void close(const machine::Machine& machine, const smr::Replica& replica);
  // There may be room again.
  void retry_room();
};

}  // namespace titer::store
