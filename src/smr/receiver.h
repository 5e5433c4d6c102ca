// SPDX-License-Identifier: Apache-2.0

// Receiver: how a frame comes to be held, persisted and owed an acknowledgement (§2.2, §2.3).
//
// Holding is receiving; persisted is what counts in acks and before `done`. Without durability the two are
// one step. With it, every held frame gets a ticket in Output::persist, and tickets come back in order.
//
// Floors (§4.2) count what is held, not what is persisted: an own frame goes out while its sync is still
// running, and a floor below what others may hold of me would let them hold more than the flush agrees on.
//
// Thread rule: none; belongs to its replica.
// Errors: check_* give the reason why a frame from outside is against the protocol; nothing is changed then.
#pragma once

#include <deque>
#include <optional>
#include <string>

#include "smr/replica_context.h"

namespace titer::smr {

class Receiver {
 public:
  // Takes the next frame of `stream` (already checked).
  void hold(ReplicaContext& c, Stream& stream, FramePtr frame);
  // A frame that is on disk since an earlier life; executed if the checkpoint says so.
  void recover(ReplicaContext& c, Stream& stream, FramePtr frame);
  // A view is being installed: a line in the journal, before the frames of that view.
  void installed(ReplicaContext& c, Installed installed);
  // Input Persisted.
  void persisted(ReplicaContext& c, std::uint64_t ticket);
  // In a flush: what is held of a stream beyond its target counts nowhere. It is dropped, and the journal says so before this
  // replica is done; else a restart from the disks could count it after all, ahead of what has been answered.
  void drop_beyond(ReplicaContext& c, const AckRow& targets);
  // Frames held and not persisted belong to the view before: their tickets no longer matter.
  void reset(ReplicaContext& c);

  // Acknowledgements of member `from`, carried by its frame. False: it claims more than this replica ever
  // sent, or does not say what it holds of a direct client.
  [[nodiscard]] static bool take_acks(ReplicaContext& c, ReplicaId from, const Frame& frame);

  // Is this frame well-formed and later than `after`, which came before in its stream? Any transmitter.
  [[nodiscard]] static std::optional<std::string> check(const ReplicaContext& c, LamportTime after,
                                                        const Frame& frame);

 private:
  struct Waiting {
    std::uint64_t ticket;
    TransmitterId transmitter;
    Seq seq;
    bool voids;  // not a frame, but the line that what is beyond it is void
  };
  void note_persisted(ReplicaContext& c, Stream& stream, Seq seq);

  std::uint64_t last_ticket_ = 0;  // never falls, over all views
  std::deque<Waiting> waiting_;    // of the installed view, by ticket
};

}  // namespace titer::smr
