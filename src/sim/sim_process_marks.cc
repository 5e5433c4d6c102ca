// SPDX-License-Identifier: Apache-2.0

// The rare places that a process came to.
#include <utility>

#include "sim/sim_process.h"
#include "sim/sim_register.h"
#include "wire/codec.h"

namespace titer::sim {

void SimProcess::mark_received(const smr::PeerMessage& message) {
  const smr::FramePtr* frame = std::get_if<smr::FramePtr>(&message);
  if (const auto* relay = std::get_if<smr::Relay>(&message)) frame = &relay->frame;
  if (frame != nullptr) {
    if (!full() || (*frame)->view > installed_) scene_.hit(CoverageMark::kEarlyFrame);
    Seq& newest = newest_from_[(*frame)->transmitter.value];
    if ((*frame)->view == installed_ && (*frame)->seq <= newest) scene_.hit(CoverageMark::kLinkRepeats);
    if ((*frame)->view == installed_) newest = std::max(newest, (*frame)->seq);
  }
  if (const auto* flush = std::get_if<smr::Flush>(&message); flush != nullptr && flush->view > known_.number)
    scene_.hit(CoverageMark::kEarlyFlush);
}

void SimProcess::on_transfer_message(const wire::Message& message) {
  if (!alive()) return;
  if (message.type == wire::Type::kTransferWant) {
    const auto want = wire::decode_transfer_want(message.payload);
    if (want && want->from_slot > 0) scene_.hit(CoverageMark::kPassResumed);
    return;
  }
  const auto part = message.type == wire::Type::kTransferPart
                        ? std::optional(wire::decode_transfer_part(message.payload))
                        : std::nullopt;
  if (part && *part && (*part)->more) scene_.hit(CoverageMark::kPartSplit);
  if (part && *part && (*part)->view != ViewNumber() && !full() &&
      ((*part)->view != known_.number || !known_.has(me_, incarnation_)))
    scene_.hit(CoverageMark::kOutdatedPiece);
}

// A learner that had a donor in its last turn and has none now.
void SimProcess::mark_donor() {
  const bool has = !full() && !node_->learns_from_nobody();
  if (std::exchange(had_donor_, has) && !has && !full()) scene_.hit(CoverageMark::kDonorLost);
}

void SimProcess::mark_crash() const {
  if (flush_step_ == FlushStep::kNormal || starting()) return;
  if (!full()) return scene_.hit(CoverageMark::kCrashLearnerInFlush);
  switch (flush_step_) {
    case FlushStep::kKnows: return scene_.hit(CoverageMark::kCrashBeforeFlush);
    case FlushStep::kFlushed: return scene_.hit(CoverageMark::kCrashAfterFlush);
    case FlushStep::kRelayed: return scene_.hit(CoverageMark::kCrashAfterRelay);
    case FlushStep::kDone: return scene_.hit(CoverageMark::kCrashAfterDone);
    case FlushStep::kRest: return scene_.hit(CoverageMark::kCrashAfterRest);
    default: return scene_.hit(CoverageMark::kCrashAfterState);
  }
}

// Nobody lives any more who was not excluded: what was this one, the last, doing?
void SimProcess::mark_total_failure(bool was_starting) const {
  for (const auto& other : scene_.processes)
    if (other->alive() && !scene_.view_register->excluded(other->incarnation())) return;
  scene_.hit(CoverageMark::kTotalFailure);
  if (was_starting) return scene_.hit(CoverageMark::kTotalInRestart);
  if (!was_full_ && known_.has(me_, incarnation_)) return scene_.hit(CoverageMark::kTotalInJoin);
  if (was_full_ && known_.number > installed_) scene_.hit(CoverageMark::kTotalInFlush);
}

}  // namespace titer::sim
