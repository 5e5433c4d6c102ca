// SPDX-License-Identifier: Apache-2.0

#include "node/transfer.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "base/rules.h"

namespace titer::node {

Donor::Donor(net::Environment& env, Engine& engine, Peers& peers, ExecutionLog& log, std::size_t piece_bytes)
    : env_(env), engine_(engine), peers_(peers), log_(log), piece_bytes_(piece_bytes) {}

void Donor::handle_want(ReplicaId learner, ByteView payload) {
  const auto want = wire::decode_transfer_want(payload);
  if (!want) return peers_.cut(learner, want.error().message);
  // One that has lost its donor asks another, which may be giving it the final state already.
  if (const auto& now = learners_[learner.value]; now && now->gets_final_state()) return;
  spdlog::info("replica {} learns from here, from position {}", learner.value, want->since.value);
  learners_[learner.value] = Learner{*want, std::nullopt, want->log_bytes, {}};
  env_.wake_at(env_.boot_now());
}

void Donor::on_turn(BootTime now) {
  if (!engine_.replica.full()) return;  // the state here is not complete: wants are kept until it is
  for (std::uint16_t i = 0; i < learners_.size(); ++i) {
    std::optional<Learner>& learner = learners_[i];
    if (learner && !give(ReplicaId(i), *learner, now)) learner.reset();
  }
}

bool Donor::give(ReplicaId to, Learner& learner, BootTime now) {
  Bytes* out = peers_.outgoing(to);
  if (out == nullptr || outdated(learner)) return false;
  if (peers_.waiting(to) > kWaitingMax) return true;  // the kernel's "take more" begins a turn
  // The execution log first: it is long, and what is missing of it at the end is sent inside the flush.
  learner.log_sent = log_.write_part(learner.log_sent, piece_bytes_, *out);
  if (learner.log_sent < log_.bytes()) {
    env_.wake_at(now);
    return true;
  }
  if (now < learner.next_pass) {
    env_.wake_at(learner.next_pass);
    return true;
  }
  if (!learner.cursor) learner.cursor = engine_.machine.begin_transfer(learner.want);
  const bool final_state = learner.gets_final_state();
  const bool pass_ended = engine_.machine.write_part(*learner.cursor, piece_bytes_, *out);
  if (pass_ended && final_state) return false;
  if (pass_ended) learner.next_pass = BootTime(now.value + kPassEveryUs);
  env_.wake_at(pass_ended ? learner.next_pass : now);
  return true;
}

// A final state is of one flush. While that lasts nothing is executed; when another one begins that asks again.
bool Donor::outdated(const Learner& learner) const {
  if (!learner.gets_final_state()) return false;
  return !engine_.replica.wedged() || engine_.replica.snapshot().target != learner.cursor->view;
}

void Donor::send_final_state(const smr::Output::GiveState& ask) {
  TITER_CHECK(ask.to != engine_.replica.options().me, "a replica gives its state to others");
  const std::optional<Learner>& before = learners_[ask.to.value];
  learners_[ask.to.value] =
      Learner{{}, engine_.machine.begin_final(ask.learned, ask.view, ask.clock), before ? before->log_sent : 0};
}

Learner::Learner(Engine& engine, Peers& peers, ExecutionLog& log, Events events)
    : engine_(engine), peers_(peers), log_(log), events_(std::move(events)) {}

void Learner::knows(Position position) {
  learned_ = position;
  engine_.step(smr::input::Learned{learned_});
}

void Learner::on_turn(const smr::ViewRecord& record) {
  if (donor_) return;
  // The highest index first: the lowest replica already answers for direct clients.
  for (auto member = record.members.rbegin(); member != record.members.rend(); ++member) {
    if (!linked_with(*member)) continue;
    donor_ = member->id;
    wire::TransferWant want = engine_.machine.wanted();
    want.log_bytes = log_.bytes();
    Bytes* const out = peers_.outgoing(member->id);
    TITER_CHECK(out != nullptr, "a donor is linked");
    wire::encode(*out, want);
    return;
  }
}

void Learner::on_peer_down(ReplicaId peer) {
  if (donor_ == peer && rule_enabled(ProtocolRule::kNextDonor)) donor_.reset();
  if (unfinished_from_ == peer) {
    unfinished_from_.reset();
    engine_.machine.forget_unfinished();
  }
}

void Learner::handle_part(ReplicaId from, ByteView payload, const smr::ViewRecord& newest) {
  const auto part = wire::decode_transfer_part(payload);
  if (!part) return peers_.cut(from, part.error().message);
  if (engine_.replica.full()) return;  // a piece that was under way when we joined
  const smr::Options& self = engine_.replica.options();
  if (part->view != ViewNumber() && (part->view != newest.number || !newest.has(self.me, self.incarnation))) return;
  const auto received = engine_.machine.read_part(*part);
  if (!received) return events_.failed(received.error().message);
  if (received->outdated) return;
  unfinished_from_ = part->more ? std::optional(from) : std::nullopt;
  if (part->view == ViewNumber()) readiness_.received(engine_.clock.boot_now(), payload.size());
  if (received->slots > 0 && readiness_.passes() == 0) {
    percent_ = static_cast<unsigned>(100ULL * received->next_slot / received->slots);
  }
  if (received->final_state) {
    learned_ = received->complete;
    return events_.final_state(received->view, received->clock);
  }
  if (part->kind != wire::TransferKind::kHead) return;
  learned_ = received->complete;
  engine_.step(smr::input::Learned{learned_});
  pass_ended(newest);
}

void Learner::pass_ended(const smr::ViewRecord& newest) {
  const BootTime now = engine_.clock.boot_now();
  if (readiness_.pass_ended(now) && linked_with_all(newest)) return events_.ready(learned_);
  if (!readiness_.delayed() || (told_delay_at_ != BootTime() && now.value - told_delay_at_.value < kTellDelayUs))
    return;
  told_delay_at_ = now;
  spdlog::warn(
      "this replica cannot join yet: changes come faster than it receives them. The last pass carried {:.1f} MB in "
      "{:.1f} s; to join now would stop writes for {:.1f} s. It joins when there are fewer writes, or when its "
      "link, its "
      "processor and its donor's are faster",
      static_cast<double>(readiness_.last_pass().bytes) / 1e6,
      static_cast<double>(readiness_.last_pass().lasted_us) / 1e6,
      static_cast<double>(readiness_.final_state().pause_us) / 1e6);
}

bool Learner::linked_with(const smr::Member& member) const {
  return peers_.up(member.id) && peers_.incarnation(member.id) == member.incarnation;
}

bool Learner::linked_with_all(const smr::ViewRecord& record) const {
  return std::ranges::all_of(record.members, [&](const smr::Member& m) { return linked_with(m); });
}

void Learner::handle_log_part(ByteView payload) {
  if (const Status taken = log_.read_part(payload); !taken) events_.failed(taken.error().message);
}

}  // namespace titer::node
