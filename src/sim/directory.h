// SPDX-License-Identifier: Apache-2.0

// Directory: what is on a replica's disk and outlives its process — its lives, the tables, and the journal beyond them.
//
// Only what is durable is here: disk.h decides what of that which a process handed over gets so far, and a crash keeps.
// The rules are those of docs/explanation/protocol.md §7, as a store keeps them:
//   lives     a process that opens the directory is noted before anybody hears of it; to learn ends the list
//   tables    the state machine at one place with a checkpoint, replaced as one; a learner's say so
//   journal   lines in the order of smr's tickets. Only records that the tables make obsolete are discarded (I7):
//             frames of earlier views, and those of the installed view up to the bases
//   whole     a member's: the newest installed view, by tables and journal, has this replica. So a joiner's final state
//             counts from when the line of the view that it joins is in the journal
// One process at a time uses a directory (a real one is locked); a process that starts while another lives is given
// a new one.
// Errors: what cannot be read back is a broken promise of the product or the simulator, so the run fails with it.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <variant>
#include <vector>

#include "base/result.h"
#include "machine/machine.h"
#include "smr/checkpoint.h"
#include "wire/codec.h"

namespace titer::sim {

using Line = std::variant<smr::FramePtr, smr::Installed, smr::Voided>;

struct Tables {
  smr::Checkpoint checkpoint;
  Position position;
  std::uint64_t digest = 0;
  std::shared_ptr<const Bytes> state;  // whole parts of a transfer; null: nothing was ever executed
  bool learning = false;               // of a learner: no member's, whatever the checkpoint says
};

// The machine as it stands, for tables. `checkpoint` is of the same moment.
[[nodiscard]] Tables write_down(smr::Checkpoint checkpoint, const machine::Machine& machine);

class Directory {
 public:
  struct Found {
    std::unique_ptr<machine::Machine> machine;  // as the tables have it
    std::vector<smr::FramePtr> ended;           // of views that ended beyond the tables: to execute, in this order
    smr::Recovered recovered;                   // whole(): what the last life held
    bool exact =
        true;  // the machine is as it was at its position; a learner's tables may be ahead of that here and there
  };
  using Forgotten = std::function<void(const smr::Frame&)>;  // of the installed view

  explicit Directory(ReplicaId owner, const machine::Machine::Limits& limits = machine::Machine::default_limits())
      : owner_(owner), limits_(limits) {
    tables_.learning = true;
  }

  // --- how a life begins
  void bootstrap(const smr::ViewRecord& first);
  void opened(Incarnation who) { noted_.push_back(who); }
  void learns() { noted_.clear(); }
  // --- a disk that is put back
  // As it is now; it has gone back if it is used later.
  [[nodiscard]] std::shared_ptr<Directory> snapshot() const {
    auto copy = std::make_shared<Directory>(*this);
    copy->gone_back_ = true;
    return copy;
  }
  // Acknowledged frames may be missing. Until there is a learner's state, or a later view: then the
  // others have given it what was missing.
  [[nodiscard]] bool gone_back() const { return gone_back_; }

  // --- every turn
  void append(Line line);
  void replace(Tables tables, const Forgotten& forgotten);

  // --- what is there
  [[nodiscard]] bool whole() const;
  [[nodiscard]] ViewNumber installed() const { return installed_.number; }
  // Was it a member's under this incarnation, and has it been nothing else since?
  [[nodiscard]] bool is_of(const smr::Member& member) const;
  [[nodiscard]] std::vector<Incarnation> lives() const;
  [[nodiscard]] wire::Inventory inventory(Position position) const;
  [[nodiscard]] Result<Found> read() const;

 private:
  [[nodiscard]] bool needless(const Line& line) const;

  ReplicaId owner_;
  machine::Machine::Limits limits_;  // of the machine that it gives back
  std::vector<Incarnation> noted_;   // oldest first
  Tables tables_;
  smr::ViewRecord installed_;  // the newest of tables and journal
  std::deque<Line> journal_;
  bool gone_back_ = false;
};

}  // namespace titer::sim
