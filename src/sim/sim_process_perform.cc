// SPDX-License-Identifier: Apache-2.0

// What the replica wants done, in the order of the driver's contract (smr/replica.h).
#include <fmt/format.h>

#include <algorithm>
#include <string>

#include "base/hash.h"
#include "sim/sim_process.h"
#include "sim/workload.h"
#include "smr/request_batch.h"

namespace titer::sim {

namespace {
// One wrong clock that nobody can contradict takes the state a week ahead; others are wrong by hours.
constexpr std::int64_t kTimeAheadMaxMs = 8LL * 86'400'000;
}  // namespace

void SimProcess::perform(smr::Output& out) {
  persist(out.persist);
  if (scene_.plan.execute_first) execute(out.execute);
  for (const smr::Output::Send& one : out.send) {
    if (!alive_ || !spend()) return;
    send(one);
  }
  if (!out.execute.empty() || !out.give_state.empty()) flush_links();
  if (!scene_.plan.execute_first) execute(out.execute);
  for (const smr::Output::GiveState& ask : out.give_state)
    if (alive_ && spend()) give_final(ask);
  if (!alive_) return;
  for (const smr::Output::SendClient& one : out.send_client) {
    if (std::holds_alternative<smr::Solicit>(one.message)) scene_.hit(CoverageMark::kSolicit);
    if (Link* link = link_of(one.client)) wire::encode(link->out, one.message);
  }
  for (const std::uint64_t read : out.reads_ready) read_ready(read);
  for (const std::uint64_t read : out.reads_refused) read_refused(read);
  for (const smr::Output::AskRegister& ask : out.ask) ask_register(ask);
  for (const smr::ViewRecord& view : out.installed) install(view, out.execute);
  for (const smr::Output::Cut& one : out.cut) cut(one);
  if (out.wake_at) tick_at_ = std::min(tick_at_, time_of(*out.wake_at));
  if (!out.stop) return;
  using Why = smr::Output::Stop::Why;
  if (out.stop->why == Why::kWrong && (flipped() || has_told_wrong_)) return stop_wrong();
  if (out.stop->why != Why::kExcluded) return scene_.fail("the replica's digests (I10)", out.stop->reason);
  flush_links();
  die("excluded", true);
}

// The disk is as wrong as the memory.
void SimProcess::stop_wrong() {
  flush_links();
  if (directory_ != nullptr && scene_.directories[me_.value] == directory_)
    scene_.directories[me_.value] = std::make_shared<Directory>(me_, scene_.plan.limits());
  die("its state is wrong", true);
}

// --- messages

void SimProcess::send(const smr::Output::Send& one) {
  note_sent(one.message);
  Bytes bytes;
  wire::encode(bytes, one.message);
  for (std::uint16_t j = 0; j < limits::kReplicasMax; ++j) {
    if (!one.to.has(ReplicaId(j))) continue;
    if (Link* link = route(ReplicaId(j))) link->out.insert(link->out.end(), bytes.begin(), bytes.end());
  }
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

// --- executions

void SimProcess::execute(const std::vector<smr::Execution>& executions) {
  for (const smr::Execution& execution : executions) {
    if (!alive_ || !spend() || scene_.failed()) return;
    execute(execution);
    stands();
  }
  if (executions.empty() || !alive_) return;
  if (known_.number > installed_ && flush_step_ >= FlushStep::kFlushed)
    flush_step_ = std::max(flush_step_, FlushStep::kRest);
}

void SimProcess::stands() {
  scene_.ledger.stands(incarnation_, machine_->position(), machine_->digest());
  step(smr::input::Executed{machine_->position(), machine_->digest() ^ flipped_, machine_->registry().time()});
  const std::int64_t ahead_ms = machine_->registry().time().value - (kEpochMs + scene_.time.now() / 1000);
  if (ahead_ms > kTimeAheadMaxMs)
    scene_.fail("time of the state", fmt::format("replica {} is {} s ahead", me_.value, ahead_ms / 1000));
}

void SimProcess::execute(const smr::Execution& execution) {
  const smr::Frame& frame = *execution.frame;
  if (frame.transmitter == gateway_of(me_)) scene_.ledger.made(incarnation_, frame);
  if (execution.answer) scene_.ledger.answers(incarnation_, frame, known_);
  // The machine gives the results one by one, in the order of the frame.
  smr::RequestReader requests(*frame.requests);
  Position position = machine_->position();
  const auto sink = [&](const machine::Executed& done) {
    const smr::RequestView asked = requests.next();
    Ledger::Done entry{done.session,  done.number, hash64(asked.body),         hash64(done.result),
                       done.repeated, false,       idempotency_key(asked.body)};
    registry::Outcome outcome;
    const Code code = wire::decode_outcome(done.result, outcome).ok() ? outcome.code : Code::kInternal;
    entry.refused = code == Code::kUnauthorized || code == Code::kForbidden;
    if (done.repeated) {
      entry.forgotten = code == Code::kSessionEvicted;
      scene_.hit(entry.forgotten ? CoverageMark::kEvicted : CoverageMark::kRepeatAnswered);
    }
    scene_.ledger.executed(incarnation_, ++position, frame, entry);
    if (execution.answer) answer(done.session, done.number, done.result);
  };
  machine_->execute(frame, sink);
  Event event{Event::Kind::kExecuted};
  event.who = node_;
  event.frame = &frame;
  event.position = position;
  scene_.tell(event);
}

// --- the rest

// Of the ids of the newest known view.
bool SimProcess::all_live(smr::ReplicaSet ids) const {
  return std::ranges::all_of(known_.members, [&](const smr::Member& member) {
    const SimProcess* process = scene_.find(member.incarnation);
    return !ids.has(member.id) || (process != nullptr && process->alive() && !process->starting());
  });
}

void SimProcess::ask_register(const smr::Output::AskRegister& ask) {
  const auto says = [&](const char* text) { return ask.reason.find(text) != std::string::npos; };
  if (says("connection is gone")) scene_.hit(CoverageMark::kAskLink);
  if (says("process has ended")) scene_.hit(CoverageMark::kAskDead);
  if (says("no heartbeat")) scene_.hit(CoverageMark::kAskSilence);
  if (says("no progress")) scene_.hit(CoverageMark::kAskGrey);
  if (ask.without.empty()) scene_.hit(CoverageMark::kAskClient);
  if (scene_.plan.calm && (says("no heartbeat") || says("no progress")) && all_live(ask.without))
    return scene_.fail("progress",
                       fmt::format("replica {} asks, though nobody was held up: {}", me_.value, ask.reason));
  if (Link* link = register_link())
    wire::encode(link->out, wire::CompareAndSet{ask.expected, ask.without, ask.reason, ask.dead});
}

void SimProcess::cut(const smr::Output::Cut& one) {
  if (const auto* peer = std::get_if<ReplicaId>(&one.who))
    return scene_.fail("protocol",
                       fmt::format("replica {} cuts off replica {}: {}", me_.value, peer->value, one.reason));
  const Link* link = link_of(std::get<TransmitterId>(one.who));
  if (link == nullptr) return;  // cut off already; what it had sent behind that was in the same turn
  // Its clock is wrong, or it was answered by others while this replica, cut off from them, could not follow.
  const bool clock = one.reason.find("wall clock") != std::string::npos && scene_.plan.mean(Fault::kWallJump) > 0;
  const bool flow = one.reason.find("too many frames") != std::string::npos;
  const bool holds_up = one.reason.starts_with("this direct client");  // it lies, or what it says comes late
  if (!clock && !flow && !holds_up)
    return scene_.fail("protocol", fmt::format("replica {} cuts off a direct client: {}", me_.value, one.reason));
  drop(link->connection);
}

}  // namespace titer::sim
