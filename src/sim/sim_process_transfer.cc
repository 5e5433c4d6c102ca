// SPDX-License-Identifier: Apache-2.0

// State transfer of a process, both sides. As node/transfer.cc.
#include <iterator>

#include "sim/sim_process.h"

namespace titer::sim {

namespace {
constexpr Time kPassEveryUs = 20'000;
constexpr Time kPieceEveryUs = 200;
}  // namespace

// --- donor

void SimProcess::give_pieces() {
  if (!replica_->full()) return;
  for (auto at = learners_.begin(); at != learners_.end();)
    at = give_piece(*find(at->first), at->second) ? std::next(at) : learners_.erase(at);
}

// False: it needs no more from here.
bool SimProcess::give_piece(Link& link, Learner& learner) {
  const bool final_state = learner.gets_final_state();
  if (final_state && (!replica_->wedged() || known_.number != learner.cursor->view)) return false;
  const Time now = scene_.time.now();
  if (now < learner.next_pass) {
    wake_at_ = std::min(wake_at_, learner.next_pass);
    return true;
  }
  if (!learner.cursor) learner.cursor = machine_->begin_transfer(learner.want);
  const bool ended = machine_->write_part(*learner.cursor, scene_.plan.piece_bytes, link.out);
  if (ended && final_state) {
    gave_state_ = true;
    flush_step_ = FlushStep::kGaveState;
    scene_.maybe_end_all();
    return false;
  }
  // Between two pieces the donor goes on working.
  learner.next_pass = now + (ended ? kPassEveryUs : kPieceEveryUs);
  wake_at_ = std::min(wake_at_, learner.next_pass);
  return true;
}

void SimProcess::give_final(const smr::Output::GiveState& ask) {
  const Link* link = route(ask.to);
  if (link == nullptr) return;
  learners_[link->connection] = Learner{{}, machine_->begin_final(ask.learned, ask.view, ask.clock)};
}

// --- learner

void SimProcess::ask_for_state() {
  if (donor_ != 0) return;
  for (auto member = known_.members.rbegin(); member != known_.members.rend(); ++member) {
    for (Link& link : links_) {
      if (link.role != Link::Role::kPeer || link.incarnation != member->incarnation) continue;
      donor_ = link.connection;
      const wire::TransferWant want = machine_->wanted();
      if (want.from_slot > 0) scene_.hit(CoverageMark::kPassResumed);
      wire::encode(link.out, want);
      return;
    }
  }
}

void SimProcess::take_part(const Link& from, ByteView payload) {
  const auto part = wire::decode_transfer_part(payload);
  if (!part) return scene_.fail("wire", part.error().message);
  if (replica_->full()) return;
  const bool final_state = part->view != ViewNumber();
  if (final_state && (part->view != known_.number || !known_.has(me_, incarnation_)))
    return scene_.hit(CoverageMark::kOutdatedPiece);
  const auto received = machine_->read_part(*part);
  if (!received) return scene_.fail("state transfer", received.error().message);
  if (received->outdated) return scene_.hit(CoverageMark::kOutdatedPiece);
  unfinished_from_ = part->more ? from.connection : 0;
  if (!final_state) readiness_.received(boot_now(), payload.size());
  if (received->final_state) {
    learned_ = received->complete;
    scene_.ledger.received_state(incarnation_, machine_->position());
    scene_.ledger.stands(incarnation_, machine_->position(), machine_->digest());
    return joined(received->view, received->clock);
  }
  if (part->kind != wire::TransferKind::kHead) return;
  learned_ = received->complete;
  step(smr::input::Learned{learned_});
  learned_more();
  if (!readiness_.pass_ended(boot_now())) return;
  if (Link* link = register_link()) wire::encode(link->out, wire::Ready{learned_});
}

}  // namespace titer::sim
