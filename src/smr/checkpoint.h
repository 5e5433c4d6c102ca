// SPDX-License-Identifier: Apache-2.0

// Checkpoint: where a replica's protocol stands when its state machine is written down, and what a restarted replica
// begins with.
//
// Frames up to `last_executed` are in the state that is written with it. Of every stream of the installed view, frames
// up to its base are held by every member; a later one may be missing elsewhere, so its bytes must stay on disk until a
// checkpoint names a base at or above it (I7), also when it has been executed. Later frames come from the journal.
// Plain values. Source: docs/explanation/protocol.md §7.
#pragma once

#include <vector>

#include "smr/types.h"

namespace titer::smr {

struct Checkpoint {
  ViewRecord installed;  // the newest installed view
  Uid last_executed;
  LamportTime clock;  // not below any timestamp sent or received
  AckRow bases;  // per stream of `installed`: every member holds it up to here; sorted, streams at 0 are left out
};

// A checkpoint and the frames beyond its bases, in the order in which they were held.
struct Recovered {
  Checkpoint checkpoint;
  std::vector<FramePtr> frames;
};

}  // namespace titer::smr
