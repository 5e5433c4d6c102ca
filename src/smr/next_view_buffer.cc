// SPDX-License-Identifier: Apache-2.0

#include "smr/next_view_buffer.h"

namespace titer::smr {

void NextViewBuffer::keep_flush(ReplicaId from, Incarnation incarnation, const Flush& flush) {
  auto& slot = peers_[from.value].flush;
  if (slot && slot->second.view >= flush.view) return;
  slot.emplace(incarnation, flush);
}

std::optional<Flush> NextViewBuffer::take_flush(ReplicaId from, Incarnation incarnation, ViewNumber view) {
  auto& slot = peers_[from.value].flush;
  if (!slot || slot->first != incarnation || slot->second.view != view) return std::nullopt;
  std::optional<Flush> flush = std::move(slot->second);
  slot.reset();
  return flush;
}

bool NextViewBuffer::keep(ReplicaId from, Incarnation incarnation, FramePtr frame) {
  Peer& p = peers_[from.value];
  if (p.incarnation == incarnation && p.view == frame->view && frame->seq <= p.seq) return true;
  if (p.kept >= kFramesMax) return false;
  p.incarnation = incarnation;
  p.view = frame->view;
  p.seq = frame->seq;
  ++p.kept;
  kept_.push_back({from, incarnation, std::move(frame)});
  return true;
}

bool NextViewBuffer::keep(ReplicaId from, Incarnation incarnation, Relay relay) {
  Peer& p = peers_[from.value];
  if (p.kept >= kFramesMax) return false;
  ++p.kept;
  kept_.push_back({from, incarnation, std::move(relay)});
  return true;
}

std::vector<NextViewBuffer::Kept> NextViewBuffer::take_all() {
  for (Peer& p : peers_) {
    p.kept = 0;
    p.view = {};
    p.seq = {};
  }
  return std::exchange(kept_, {});
}

}  // namespace titer::smr
