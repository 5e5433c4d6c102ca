// SPDX-License-Identifier: Apache-2.0

// Gateway: the transmitter inside a replica, which broadcasts for thin clients (§2.1, §2.3, §2.9).
//
// Requests are appended to the buffer that becomes the frame's `requests`: one copy each, no allocation per request.
// No timer waits for a frame to fill: each turn sends the requests that have gathered. While `frames_in_flight` own
// frames with requests are not safe yet, further ones gather, so frames grow by themselves when the cluster is busy.
//
// The ack row names only streams whose persisted seq rose since the row before: rows are cumulative and every
// receiver sees every frame of this stream in order. Without durability a frame acknowledges itself.
//
// Thread rule: none; belongs to its replica.
// Limits: frames of kFrameRequestsMax / kFrameBytesMax; kUnsafeFramesMax; kPendingBytesMax gathered, then
// accepts() is false and the caller answers `busy`.
#pragma once

#include <deque>

#include "smr/receiver.h"
#include "smr/replica_context.h"

namespace titer::smr {

class Gateway {
 public:
  [[nodiscard]] bool accepts(const ReplicaContext& c, std::size_t body_bytes) const;
  void submit(const ReplicaContext& c, const input::Submit& request);
  // Sends what has gathered and what is owed, as far as flow permits.
  void end_of_turn(ReplicaContext& c, Receiver& receiver);
  // A new view: nothing is in flight; gathered requests stay.
  void reset() { in_flight_.clear(); }

  [[nodiscard]] std::size_t pending_requests() const { return pending_requests_; }
  [[nodiscard]] std::size_t unsafe_frames() const { return in_flight_.size(); }
  [[nodiscard]] Seq oldest_unsafe() const { return in_flight_.empty() ? Seq(0) : in_flight_.front(); }
  [[nodiscard]] Seq newest_unsafe() const { return in_flight_.empty() ? Seq(0) : in_flight_.back(); }

 private:
  struct PendingBatch {
    Bytes requests;
    std::uint32_t count = 0;
  };
  void send(ReplicaContext& c, Receiver& receiver, PendingBatch batch);
  // Puts into this frame what it acknowledges.
  static void acknowledge(ReplicaContext& c, Frame& frame);
  void settle(ReplicaContext& c);

  std::deque<PendingBatch> pending_;  // only the last may still grow; none is empty
  std::size_t pending_bytes_ = 0;
  std::size_t pending_requests_ = 0;
  std::size_t last_batch_bytes_ = 0;  // how much to reserve for the next
  std::deque<Seq> in_flight_;         // own frames with requests that are not safe yet
};

}  // namespace titer::smr
