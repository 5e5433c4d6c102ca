// Directory: what is on a replica's disk and outlives its process — its lives, the tables, and the journal beyond them.
//
// Only what is durable is here: disk.h decides what of that which a process handed over gets so far, and a crash keeps.
// The rules are those of docs/protocol.md §7, as a store keeps them:
//   lives     every process that opens the directory is noted before anybody hears of it; to learn ends the list
//   whole     a member's state. A learner's is not; a joiner's is from when the final state of its view is here, until it
//             hears of another view before it has installed that one
//   tables    a checkpoint and the state machine at that place, replaced as one
//   journal   lines in the order of smr's tickets. What the tables make needless is forgotten, and nothing else (I7):
//             frames of earlier views, and those of the installed view up to the bases
// One process at a time uses a directory (a real one is locked); who comes while another lives is given a new one.
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

using Line = std::variant<smr::FramePtr, smr::Installed>;

struct Tables {
  smr::Checkpoint checkpoint;
  Position position;
  std::uint64_t digest = 0;
  std::shared_ptr<const Bytes> state;  // whole parts of a transfer; null: nothing was ever executed
};

// The machine as it stands, for tables. `checkpoint` is of the same moment.
[[nodiscard]] Tables write_down(smr::Checkpoint checkpoint, const machine::Machine& machine);

class Directory {
 public:
  struct Found {
    std::unique_ptr<machine::Machine> machine;  // as the tables have it
    std::vector<smr::FramePtr> ended;           // of views that ended beyond the tables: to execute, in this order
    smr::Recovered recovered;                   // whole(): what the last life held
  };
  using Forgotten = std::function<void(const smr::Frame&)>;  // of the installed view

  // --- how a life begins
  void found(const smr::ViewRecord& first, Incarnation who);
  void opened(Incarnation who) { lives_.push_back(who); }
  void learns();
  // A joiner's final state, of the flush of the checkpoint's view.
  void joined(Tables tables, Incarnation who);

  // --- every turn
  void append(Line line) { journal_.push_back(std::move(line)); }
  void replace(Tables tables, const Forgotten& forgotten);

  // --- what is there
  [[nodiscard]] bool whole() const { return whole_; }
  [[nodiscard]] bool blank() const { return !whole_ && tables_.state == nullptr; }
  // Was it a member's under this incarnation, and has it been nothing else since?
  [[nodiscard]] bool is_of(const smr::Member& member) const;
  [[nodiscard]] const std::vector<Incarnation>& lives() const { return lives_; }
  [[nodiscard]] wire::Inventory inventory(ViewNumber installed, Position position) const;
  [[nodiscard]] Result<Found> read() const;

 private:
  [[nodiscard]] bool needless(const Line& line) const;

  bool whole_ = false;
  std::vector<Incarnation> lives_;  // oldest first
  Tables tables_;
  std::deque<Line> journal_;
};

}  // namespace titer::sim
