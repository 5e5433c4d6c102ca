// SPDX-License-Identifier: Apache-2.0

// What a process does, told to the ledger, and held against what only the living processes together show.
#include <fmt/format.h>

#include <algorithm>
#include <string>

#include "base/hash.h"
#include "sim/sim_process.h"
#include "sim/workload.h"
#include "wire/codec.h"

namespace titer::sim {

namespace {
// One wrong clock that nobody can contradict takes the state a week ahead; others are wrong by hours.
constexpr std::int64_t kTimeAheadMaxMs = 8LL * 86'400'000;
}  // namespace

// --- what comes

void SimProcess::on_peer_message(ReplicaId, const smr::PeerMessage& message) {
  if (!alive()) return;
  const smr::FramePtr* frame = std::get_if<smr::FramePtr>(&message);
  if (const auto* relay = std::get_if<smr::Relay>(&message)) {
    frame = &relay->frame;
    scene_.ledger.relayed(**frame);
  }
  if (frame != nullptr && !scene_.plan.durable) scene_.ledger.holds(incarnation_, **frame);
  mark_received(message);
}

void SimProcess::on_direct_message(const smr::FromClient& message) {
  const auto* frame = std::get_if<smr::FramePtr>(&message);
  if (alive() && frame != nullptr && !scene_.plan.durable) scene_.ledger.holds(incarnation_, **frame);
}

// --- what goes

void SimProcess::on_send(const smr::Output& out) {
  note_persisted(out);
  for (const smr::Output::Send& one : out.send)
    if (env_.spend()) note_sent(one.message);
}

void SimProcess::note_sent(const smr::PeerMessage& message) {
  if (const auto* frame = std::get_if<smr::FramePtr>(&message)) {
    scene_.ledger.sent(incarnation_, **frame, known_.number);
  } else if (const auto* relay = std::get_if<smr::Relay>(&message)) {
    scene_.ledger.relayed(*relay->frame);
    scene_.hit(CoverageMark::kRelayUsed);
    if (recovered_.contains({relay->frame->transmitter, relay->frame->seq}))
      scene_.hit(CoverageMark::kRelayRecovered);
    flush_step_ = FlushStep::kRelayed;
  } else if (std::holds_alternative<smr::Flush>(message)) {
    if (flush_step_ == FlushStep::kKnows) flush_step_ = FlushStep::kFlushed;
  } else if (const auto* done = std::get_if<smr::Done>(&message)) {
    if (done->view == known_.number && known_.number > installed_ && flush_step_ < FlushStep::kDone)
      flush_step_ = FlushStep::kDone;
  }
}

// --- what is executed

void SimProcess::on_execute(const smr::Execution& execution) {
  if (!env_.spend()) return;
  const smr::Frame& frame = *execution.frame;
  if (frame.transmitter == gateway_of(me_)) scene_.ledger.made(incarnation_, frame);
  if (execution.answer) scene_.ledger.answers(incarnation_, frame, known_);
  begin_frame(execution.frame, machine().position());
  executed_.emplace_back(frame.view, frame.count);
  if (known_.number > installed_ && flush_step_ >= FlushStep::kFlushed)
    flush_step_ = std::max(flush_step_, FlushStep::kRest);
}

void SimProcess::begin_frame(const smr::FramePtr& frame, Position after) {
  executing_ = frame;
  asked_.emplace(*executing_->requests);
  position_ = after;
}

void SimProcess::on_executed(const smr::Execution& execution, const machine::Executed& request) {
  if (alive() && !scene_.failed()) note_executed(*execution.frame, request);
}

void SimProcess::note_executed(const smr::Frame& frame, const machine::Executed& done) {
  const smr::RequestView asked = asked_->next();
  Ledger::Done entry{done.session,  done.number, hash64(asked.body),         hash64(done.result),
                     done.repeated, false,       idempotency_key(asked.body)};
  registry::Outcome outcome;
  const Code code = wire::decode_outcome(done.result, outcome).ok() ? outcome.code : Code::kInternal;
  entry.refused = code == Code::kUnauthorized || code == Code::kForbidden;
  entry.reused = code == Code::kKeyReused;
  if (done.repeated) {
    entry.forgotten = code == Code::kSessionEvicted;
    scene_.hit(entry.forgotten ? CoverageMark::kEvicted : CoverageMark::kRepeatAnswered);
  }
  scene_.ledger.executed(incarnation_, ++position_, frame, entry);
}

std::uint64_t SimProcess::on_stands(const node::Engine& engine) {
  const machine::Machine& state = engine.machine;
  if (!alive()) return state.digest();
  if (executing_) frame_executed();
  if (!engine.replica.full()) scene_.ledger.received_state(incarnation_, state.position());
  scene_.ledger.stands(incarnation_, state.position(), state.digest());
  const std::int64_t ahead_ms = state.registry().time().value - (kEpochMs + scene_.time.now() / 1000);
  if (ahead_ms > kTimeAheadMaxMs)
    scene_.fail("time of the state", fmt::format("replica {} is {} s ahead", me_.value, ahead_ms / 1000));
  return state.digest() ^ flipped_;
}

void SimProcess::frame_executed() {
  Event event{Event::Kind::kExecuted};
  event.who = node();
  event.frame = executing_.get();
  event.position = position_;
  scene_.tell(event);
  executing_.reset();
}

// --- the rest

void SimProcess::on_conclude(const smr::Output& out) {
  if (!env_.spend()) return;
  if (!out.give_state.empty()) {
    gave_state_ = true;
    flush_step_ = FlushStep::kGaveState;
    scene_.maybe_end_all();
  }
  for (const smr::Output::SendClient& one : out.send_client)
    if (std::holds_alternative<smr::Solicit>(one.message)) scene_.hit(CoverageMark::kSolicit);
  if (!out.reads_refused.empty()) scene_.hit(CoverageMark::kReadRefused);
  for (const smr::Output::AskRegister& ask : out.ask) note_asked(ask);
  for (const smr::ViewRecord& view : out.installed) install(view);
  executed_.clear();
  for (std::size_t i = 0; i < out.cut.size(); ++i) {
    // What it had sent behind that was in the same turn.
    const bool again = std::any_of(out.cut.begin(), out.cut.begin() + static_cast<std::ptrdiff_t>(i),
                                   [&](const auto& before) { return before.who == out.cut[i].who; });
    if (!again) note_cut(out.cut[i]);
  }
  if (out.stop) stop_ = out.stop;
}

void SimProcess::on_lease_refused() {
  if (alive()) scene_.hit(CoverageMark::kLeaseRefused);
}

// Of the ids of the newest known view.
bool SimProcess::all_live(smr::ReplicaSet ids) const {
  return std::ranges::all_of(known_.members, [&](const smr::Member& member) {
    const SimProcess* process = scene_.find(member.incarnation);
    return !ids.has(member.id) || (process != nullptr && process->alive() && !process->starting());
  });
}

void SimProcess::note_asked(const smr::Output::AskRegister& ask) {
  const auto says = [&](const char* text) { return ask.reason.find(text) != std::string::npos; };
  if (says("connection is gone")) scene_.hit(CoverageMark::kAskLink);
  if (says("process has ended")) scene_.hit(CoverageMark::kAskDead);
  if (says("no heartbeat")) scene_.hit(CoverageMark::kAskSilence);
  if (says("no progress")) scene_.hit(CoverageMark::kAskGrey);
  if (ask.without.empty()) scene_.hit(CoverageMark::kAskClient);
  const bool of_silence = says("no heartbeat") || says("no progress") || says("connection is gone");
  const bool counts = scene_.record().has(me_, incarnation_);
  if (scene_.plan.calm && counts && of_silence && all_live(ask.without))
    scene_.fail("progress", fmt::format("replica {} asks, though nobody was held up: {}", me_.value, ask.reason));
}

void SimProcess::note_cut(const smr::Output::Cut& one) {
  if (const auto* peer = std::get_if<ReplicaId>(&one.who))
    return scene_.fail("protocol",
                       fmt::format("replica {} cuts off replica {}: {}", me_.value, peer->value, one.reason));
  // Its clock is wrong, or it was answered by others while this replica, cut off from them, could not follow.
  const bool clock = one.reason.find("wall clock") != std::string::npos && scene_.plan.mean(Fault::kWallJump) > 0;
  const bool flow = one.reason.find("too many frames") != std::string::npos;
  const bool holds_up = one.reason.starts_with("this direct client");  // it lies, or what it says comes late
  if (!clock && !flow && !holds_up)
    scene_.fail("protocol", fmt::format("replica {} cuts off a direct client: {}", me_.value, one.reason));
}

// --- views

void SimProcess::install(const smr::ViewRecord& view) {
  // Requests that were executed of the new view itself lie behind the place where it was installed.
  std::uint64_t behind = 0;
  for (const auto& [of, requests] : executed_)
    if (of >= view.number) behind += requests;
  const Position position(machine().position().value - behind);
  const ViewNumber newest = node_->engine().replica.snapshot().installed;
  if (view.number < known_.number) scene_.hit(CoverageMark::kTopViewFirst);
  if (!full_before_) scene_.hit(CoverageMark::kJoined);
  full_before_ = true;
  installed_ = view.number;
  if (installed_ == known_.number) flush_step_ = FlushStep::kNormal;
  newest_from_.clear();
  scene_.ledger.installed(incarnation_, view.number, position);
  if (newest == view.number) check_leases(view);
  Event event{Event::Kind::kInstalled};
  event.who = node();
  event.record = &view;
  event.position = position;
  scene_.tell(event);
}

// I8: a process that is not in the view, and may still run, has no read lease any more.
void SimProcess::check_leases(const smr::ViewRecord& view) {
  for (const auto& other : scene_.processes) {
    if (view.has(other->id(), other->incarnation()) || !other->read_lease()) continue;
    if (other->known() >= view.number || other->installed() > view.number) continue;
    scene_.fail("leases (I8)",
                fmt::format("process {} installs view {} while process {}, which is not in it, has a "
                            "read lease",
                            incarnation_.value, view.number.value, other->incarnation().value));
  }
}

}  // namespace titer::sim
