// SPDX-License-Identifier: Apache-2.0

// Recovery: the protocol's state from a replica's disk after a restart: the checkpoint that was written with the
// tables, and the journal from there on, record by record.
//
// Frames of a view whose end is in the journal (the line of the next installed view) are part of what everybody
// executed: they are given back to be executed. Those of the last view in it are only held: the flush of the next
// view decides whether they count, if this replica restarts with the other members (§7). If others continued
// without it, the frames are discarded and it learns (§6).
//
// Pure. Order of calls: frame(), voided() and installed() as the journal has them, then end().
// Errors: kInternal for a checkpoint that no replica writes, or a journal that cannot be this replica's continuation of it:
// a frame is missing, or out of order. Replica uses the result of end() without checking it again.
#pragma once

#include <map>
#include <vector>

#include "base/result.h"
#include "smr/checkpoint.h"

namespace titer::smr {

class Recovery {
 public:
  explicit Recovery(Checkpoint checkpoint);

  [[nodiscard]] Status frame(FramePtr frame);
  // Frames beyond this one count nowhere.
  [[nodiscard]] Status voided(const Voided& line);
  // Frames to execute now, in order.
  [[nodiscard]] Result<std::vector<FramePtr>> installed(const Installed& line);
  [[nodiscard]] Result<Recovered> end() &&;

 private:
  struct Held {
    Seq seq;
    LamportTime ts;  // of the last frame seen
  };
  [[nodiscard]] bool may_transmit(TransmitterId x) const;

  Recovered found_;
  std::map<TransmitterId, Held> held_;  // of the installed view
};

}  // namespace titer::smr
