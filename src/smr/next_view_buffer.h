// SPDX-License-Identifier: Apache-2.0

// NextViewBuffer: messages of later views, kept until this replica installs those views.
//
// Others may learn of a view, or install it, first. Of flush messages the newest of each id is enough: a member
// that has sent one for w+1 never continues with w, and the process that has an id now comes after all that had it
// before. Frames and relays of a view above the installed one are kept in order.
//
// Thread rule: none; belongs to its replica.
// Limits: kFramesMax frames and relays per peer. A sender cannot have more unsafe frames than that before
// this replica acknowledges some, so beyond it keep() refuses and the link is cut; its repeats fill the gap
// later.
#pragma once

#include <array>
#include <optional>
#include <utility>
#include <vector>

#include "base/limits.h"
#include "smr/types.h"

namespace titer::smr {

class NextViewBuffer {
 public:
  static constexpr std::size_t kFramesMax = std::size_t{4} * limits::kUnsafeFramesMax * limits::kReplicasMax;

  struct Kept {
    ReplicaId from;
    Incarnation incarnation;
    std::variant<FramePtr, Relay> message;
  };

  void keep_flush(ReplicaId from, Incarnation incarnation, const Flush& flush);
  // The flush for this view that came early from this member, if any; it is forgotten here.
  [[nodiscard]] std::optional<Flush> take_flush(ReplicaId from, Incarnation incarnation, ViewNumber view);

  // False: there is no more room for this peer.
  [[nodiscard]] bool keep(ReplicaId from, Incarnation incarnation, FramePtr frame);
  [[nodiscard]] bool keep(ReplicaId from, Incarnation incarnation, Relay relay);
  // Everything kept, in the order in which it came. Messages that are still early must be kept again.
  [[nodiscard]] std::vector<Kept> take_all();

 private:
  struct Peer {
    std::optional<std::pair<Incarnation, Flush>> flush;
    std::size_t kept = 0;
    Incarnation incarnation;  // of the last frame kept …
    ViewNumber view;          // … and its name: repeats over a new link are not kept twice
    Seq seq;
  };
  std::array<Peer, limits::kReplicasMax> peers_{};
  std::vector<Kept> kept_;
};

}  // namespace titer::smr
