// SPDX-License-Identifier: Apache-2.0

#include "smr/replica_core.h"

#include <fmt/format.h>

#include <utility>

#include "smr/order.h"
#include "smr/rules.h"

namespace titer::smr {

namespace {

constexpr std::int64_t kAskAgainUs = 100'000;

// Members in range, sorted, at most one per id.
bool well_formed(const ViewRecord& record) {
  for (std::size_t i = 0; i < record.members.size(); ++i) {
    if (record.members[i].id.value >= limits::kReplicasMax) return false;
    if (i > 0 && record.members[i].id <= record.members[i - 1].id) return false;
  }
  return !record.members.empty();
}

}  // namespace

ReplicaCore::ReplicaCore(Options options, ViewRecord initial) : c_(options) {
  SMR_CHECK(options.me.value < limits::kReplicasMax, "replica id out of range");
  c_.record = std::move(initial);
  if (!c_.in_record()) return;
  SMR_CHECK(well_formed(c_.record), "initial view is malformed");
  c_.full = c_.member_once = true;
  if (options.clock != LamportTime()) c_.clock.receive(options.clock);
  c_.installed = c_.record;
  c_.streams.reset(c_.installed);
}

ReplicaCore::ReplicaCore(Options options, const Recovered& recovered) : c_(options) {
  const Checkpoint& at = recovered.checkpoint;
  SMR_CHECK(well_formed(at.installed) && at.installed.find(options.me) != nullptr,
            "what was recovered is a member's");
  c_.record = c_.installed = at.installed;
  c_.full = c_.member_once = true;
  c_.recovered = rule_enabled(ProtocolRule::kRecoveredWedge);
  c_.last_executed = at.last_executed;
  c_.clock.receive(at.clock);
  c_.streams.reset(c_.installed);
  for (const auto& [transmitter, base] : at.bases)
    c_.streams.add_named(transmitter).restore(base, at.installed.set());
  for (const FramePtr& frame : recovered.frames)
    receiver_.recover(c_, c_.streams.add_named(frame->transmitter), frame);
}

void ReplicaCore::step(BootTime now, const Input& input, Output& out) {
  if (c_.recovered && c_.now == BootTime() && rule_enabled(ProtocolRule::kInherit)) leases_.inherit(now);
  c_.now = std::max(c_.now, now);
  c_.out = &out;
#ifdef TITER_INVARIANTS
  invariants_.before(*this, out);
#endif
  std::visit([this](const auto& in) { handle(in); }, input);
#ifdef TITER_INVARIANTS
  invariants_.after(*this, out);
#endif
  c_.out = nullptr;
}

// --- the normal case

void ReplicaCore::handle(const input::Submit& in) { gateway_.submit(c_, in); }

void ReplicaCore::handle(const input::Direct& in) { direct_.receive(c_, receiver_, in.client, in.message); }

void ReplicaCore::handle(const input::DirectLost& in) { direct_.lost(c_, in.client); }

void ReplicaCore::handle(const input::Persisted& in) {
  receiver_.persisted(c_, in.ticket);
  if (c_.flushing()) progress();
}

void ReplicaCore::handle(const input::Read& in) {
  confirm_due_ = confirm_due_ || c_.options.confirm_reads;
  reads_.read(c_, in.token);
}

void ReplicaCore::handle(const input::Stalled&) { distrust_leases(); }

void ReplicaCore::distrust_leases() {
  leases_.distrust(c_.now);
  heartbeats(true);
}

void ReplicaCore::handle(const input::Executed& in) {
  checkpoints_.executed(in.position, in.digest);
  wall_.state_is_at(c_.now, in.time);
  judge();
}

void ReplicaCore::handle(const input::EndOfTurn& in) {
  if (wall_.shows(c_.now, in.wall)) distrust_leases();
  c_.wall = wall_.stamp(c_);
  if (std::exchange(confirm_due_, false)) heartbeats(true);
  gateway_.end_of_turn(c_, receiver_);
  if (!c_.working() || !c_.halted.empty()) return;
  order::execute_ready(c_);
  reads_.release(c_);
  direct_.solicit(c_);
  c_.streams.trim(c_.installed.set());
}

void ReplicaCore::handle(const input::Receive& in) {
  if (in.from.value >= limits::kReplicasMax || in.from == c_.me())
    return c_.cut(in.from, "no such replica among the others");
  if (const auto* f = std::get_if<FramePtr>(&in.message)) return on_frame(in.from, in.incarnation, *f);
  if (const auto* f = std::get_if<Flush>(&in.message)) return on_flush(in.from, in.incarnation, *f);
  if (const auto* r = std::get_if<Relay>(&in.message)) return on_relay(in.from, in.incarnation, *r);
  if (const auto* d = std::get_if<Done>(&in.message)) return on_done(in.from, in.incarnation, *d);
  on_heartbeat(in.from, in.incarnation, std::get<Heartbeat>(in.message));
}

void ReplicaCore::on_frame(ReplicaId from, Incarnation incarnation, const FramePtr& frame) {
  if (frame == nullptr || frame->transmitter != gateway_of(from))
    return c_.cut(from, "a frame under the name of another transmitter");
  if (!c_.full || frame->view > c_.installed.number) {
    if (!next_view_buffer_.keep(from, incarnation, frame))
      c_.cut(from, "too many frames of a view not installed here");
    return;
  }
  if (frame->view < c_.installed.number || !c_.installed.has(from, incarnation)) return;
  // Wedged: only what a member of the next view sent before its own flush message (§4.1).
  const bool wedged = c_.wedged() && rule_enabled(ProtocolRule::kWedge);
  if (wedged && (!c_.record.has(from, incarnation) || change_.flushed(from))) return;
  if (!take(from, frame)) return;
  if (wedged) return progress();
  if (!Receiver::take_acks(c_, from, *frame)) c_.cut(from, "it acknowledges frames that were never sent");
}

bool ReplicaCore::take(ReplicaId from, const FramePtr& frame) {
  // What a member relays in a flush counts, however many clients are known here.
  const bool relayed = c_.wedged() && is_direct_client(frame->transmitter);
  Stream* stream = relayed ? &c_.streams.add_named(frame->transmitter) : c_.streams.find_or_add(frame->transmitter);
  if (stream == nullptr) return false;
  // Below: a repeat. Above: frames before it were lost with a link; its sender repeats them all.
  if (frame->seq <= stream->held()) return false;
  if (frame->seq != stream->held().next()) return false;
  // A direct client's comes relayed, in a flush: its place is behind what is held, whatever this replica's welcome said.
  const LamportTime after = is_direct_client(frame->transmitter) ? stream->held_ts() : stream->last().ts;
  if (auto reason = Receiver::check(c_, after, *frame)) {
    c_.cut(from, std::move(*reason));
    return false;
  }
  receiver_.hold(c_, *stream, frame);
  return true;
}

// --- views

void ReplicaCore::handle(const input::View& in) {
  if (!well_formed(in.record) || in.record.number <= c_.record.number) return;
  c_.record = in.record;
  leases_.forget(c_.record.known_dead);
  if (!c_.in_record()) {
    if (c_.full || c_.member_once)
      c_.out->stop = {Output::Stop::Why::kExcluded,
                      fmt::format("view {} is without this replica", c_.record.number.value)};
    return;
  }
  c_.member_once = true;
  suspicion_.new_record(c_);
  change_.begin(c_, next_view_buffer_, learned_);
  progress();
}

void ReplicaCore::on_flush(ReplicaId from, Incarnation incarnation, const Flush& flush) {
  if (flush.view > c_.record.number) return next_view_buffer_.keep_flush(from, incarnation, flush);
  if (c_.flushing() && flush.view == c_.record.number && c_.record.has(from, incarnation)) {
    change_.take_flush(from, flush);
    return progress();
  }
  // It is still at a view that this replica has installed: all it can miss is our done.
  if (c_.full && flush.view == c_.installed.number && c_.installed.has(from, incarnation))
    c_.send(from, Done{c_.installed.number});
}

void ReplicaCore::on_relay(ReplicaId from, Incarnation incarnation, const Relay& relay) {
  if (relay.frame == nullptr) return c_.cut(from, "a relay of nothing");
  if (!c_.wedged() || relay.view != c_.record.number || !c_.record.has(from, incarnation)) return;
  if (relay.frame->view > c_.installed.number) {
    if (!next_view_buffer_.keep(from, incarnation, relay))
      c_.cut(from, "too many frames of a view not installed here");
    return;
  }
  if (relay.frame->view < c_.installed.number) return;
  if (take(from, relay.frame)) progress();
}

void ReplicaCore::on_done(ReplicaId from, Incarnation incarnation, const Done& done) {
  if (!c_.flushing() || done.view != c_.record.number || !c_.record.has(from, incarnation)) return;
  change_.take_done(from);
  progress();
}

void ReplicaCore::handle(const input::Learned& in) { learned_ = std::max(learned_, in.position); }

void ReplicaCore::handle(const input::StateInstalled& in) {
  if (c_.full || !c_.flushing() || in.view != c_.record.number) return;  // of a flush that failed meanwhile
  c_.clock.receive(in.clock);
  change_.state_installed();
  progress();
}

void ReplicaCore::progress() {
  bool waiting = false;
  while (!waiting && c_.flushing()) {
    switch (change_.next(c_, leases_)) {
      case ViewChange::Step::kWait: waiting = true; break;
      case ViewChange::Step::kCatchUp: {
        const ViewChange::Prepared prepared = *change_.prepared();
        order::execute_rest(c_, prepared.targets, prepared.lowest_full);
        install(prepared.record);
        break;
      }
      case ViewChange::Step::kDropBeyond: receiver_.drop_beyond(c_, change_.targets()); break;
      case ViewChange::Step::kExecuteRest:
        order::execute_rest(c_, change_.targets(), change_.lowest_full());
        reads_.release(c_);
        change_.rest_executed(c_);
        break;
      case ViewChange::Step::kInstall: install(ViewRecord(c_.record)); break;
    }
  }
  if (replaying_) replay_early();
}

void ReplicaCore::install(const ViewRecord& record) {
  receiver_.installed(c_, {record, c_.last_executed});
  c_.installed = record;
  c_.full = true;
  c_.recovered = false;
  c_.streams.reset(record);
  c_.owes = false;
  c_.newest_request = c_.last_executed;
  reads_.release(c_);
  receiver_.reset(c_);
  gateway_.reset();
  c_.out->installed.push_back(record);
  replaying_ = true;
  if (c_.wedged()) return;  // caught up with the top view; the flush of a later one goes on
  change_.end();
  direct_.installed(c_);
  judge();
  heartbeats();
}

void ReplicaCore::replay_early() {
  replaying_ = false;
  for (NextViewBuffer::Kept& kept : next_view_buffer_.take_all()) {
    if (!rule_enabled(ProtocolRule::kEarly)) continue;
    if (const auto* frame = std::get_if<FramePtr>(&kept.message))
      on_frame(kept.from, kept.incarnation, *frame);
    else
      on_relay(kept.from, kept.incarnation, std::get<Relay>(kept.message));
  }
}

// --- links and time

void ReplicaCore::handle(const input::LinkUp& in) {
  if (in.peer.value >= limits::kReplicasMax || in.peer == c_.me()) return;
  suspicion_.link_up(c_, in.peer, in.incarnation);
  if (c_.full && c_.installed.has(in.peer, in.incarnation) && rule_enabled(ProtocolRule::kLinkRepeats)) {
    c_.send(in.peer, Done{c_.installed.number});  // it may not have installed this view yet
    const Stream& own = c_.streams.own();
    for (Seq s = std::max(own.acked(in.peer), own.trimmed()).next(); s <= own.held(); ++s)
      c_.send(in.peer, own.at(s));
  }
  if (c_.flushing() && c_.record.has(in.peer, in.incarnation)) change_.repeat(c_, in.peer);
  heartbeat(in.peer);
}

void ReplicaCore::handle(const input::LinkDown& in) {
  if (in.peer.value >= limits::kReplicasMax) return;
  suspicion_.link_down(c_, in.peer, in.incarnation);
  if (c_.record.has(in.peer, in.incarnation)) heartbeats();  // the others judge by what all hear
}

// No heartbeat, link or lease of it has to be waited for.
void ReplicaCore::handle(const input::Died& in) {
  if (in.incarnation == c_.options.incarnation) return;
  c_.note_dead(in.incarnation);
  suspect();
  if (c_.flushing()) progress();
}

void ReplicaCore::suspect() {
  if (suspicion_.tick(c_, gateway_, change_)) direct_.restart_patience(c_);
}

void ReplicaCore::on_heartbeat(ReplicaId from, Incarnation incarnation, const Heartbeat& beat) {
  suspicion_.heard(c_, from, incarnation, beat);
  if (c_.record.has(from, incarnation)) wall_.heard(c_.now, from, incarnation, beat.wall);
  const Leases::Heard heard = leases_.heard(c_, from, incarnation, beat);
  if (heard.first || (beat.urgent && c_.record.has(from, incarnation))) heartbeat(from);
  if (heard.stood_still) distrust_leases();
  answer_learner(from, incarnation);
  // A view with this replica is installed by nobody before this one is done for it.
  if (c_.in_record() && beat.installed > c_.record.number)
    c_.out->stop = {
        Output::Stop::Why::kExcluded,
        fmt::format("replica {} has installed view {}, and the newest one known here is {}: this replica was left "
                    "out, or the register has gone back in time",
                    from.value, beat.installed.value, c_.record.number.value)};
  if (!c_.full || c_.out->stop || !c_.installed.has(from, incarnation)) return;
  checkpoints_.heard(c_.now, from, incarnation, beat);
  judge();
}

// A learner needs to know whether its clock is right before it joins. It is answered, but rarely: of two processes that have
// excluded one another each would answer the other's answer.
void ReplicaCore::answer_learner(ReplicaId to, Incarnation incarnation) {
  if (!c_.full || c_.record.has(to, incarnation)) return;
  BootTime& at = answered_at_[to.value];
  if (at != BootTime() && c_.now.value - at.value < limits::kHeartbeatEveryUs) return;
  at = c_.now;
  heartbeat(to);
}

void ReplicaCore::judge() {
  if (!c_.full || c_.out->stop || (!checkpoints_.disputed() && c_.halted.empty())) return;
  Checkpoints::Judgement judged = checkpoints_.judge(c_);
  const bool halts = judged.halts();
  if (halts && c_.halted.empty()) heartbeats();  // the others hear of it, and tell their digests
  c_.halted = halts ? judged.text : std::string();
  if (judged.verdict == Checkpoints::Judgement::Verdict::kWrongHere)
    c_.out->stop = {Output::Stop::Why::kWrong, std::move(judged.text)};
  if (judged.verdict != Checkpoints::Judgement::Verdict::kWrongThere || !c_.in_record()) return;
  // One that has come back since learns, and is not the one that differed.
  for (const Member& m : c_.installed.members)
    if (!c_.record.has(m.id, m.incarnation)) judged.wrong.remove(m.id);
  if (judged.wrong.empty() || c_.now.value - judged_at_.value < kAskAgainUs) return;
  judged_at_ = c_.now;
  c_.out->ask.push_back({c_.record.number, judged.wrong, std::move(judged.text), true});
}

void ReplicaCore::heartbeat(ReplicaId to, bool urgent) {
  Heartbeat beat;
  beat.urgent = urgent;
  beat.wall = wall_.own(c_.now);
  beat.sent = c_.now;
  beat.echo = leases_.echo_for(c_, to);
  beat.installed = c_.installed.number;
  beat.hears = suspicion_.hears(c_);
  if (c_.full) {
    const Checkpoints::Point point = checkpoints_.told(c_.now);
    beat.checkpoint = point.position;
    beat.digest = point.digest;
    beat.disputed = checkpoints_.tells_dispute();
  }
  c_.send(to, beat);
}

void ReplicaCore::heartbeats(bool urgent) {
  beaten_at_ = c_.now;
  const std::uint32_t all = c_.others(c_.record).bits | (c_.full ? c_.others(c_.installed).bits : 0U);
  for (std::uint16_t j = 0; j < limits::kReplicasMax; ++j)
    if (ReplicaSet{all}.has(ReplicaId(j))) heartbeat(ReplicaId(j), urgent);
}

void ReplicaCore::handle(const input::Tick&) {
  // Ticks jitter: one that comes a little early must not skip a whole interval.
  if (c_.now.value - beaten_at_.value >= limits::kHeartbeatEveryUs * 3 / 4) heartbeats();
  suspect();
  direct_.tick(c_);
  judge();
  if (c_.flushing()) progress();
}

Checkpoint ReplicaCore::checkpoint() const {
  Checkpoint at{c_.installed, c_.last_executed, c_.clock.now(), {}};
  c_.streams.for_each([&](const Stream& s) {
    const Seq base = rule_enabled(ProtocolRule::kBases) ? s.trimmed() : s.held();
    if (base > Seq()) at.bases.emplace_back(s.id(), base);
  });
  c_.streams.for_each_settled(
      [&](TransmitterId id, const SettledStream& summary) { at.bases.emplace_back(id, summary.held); });
  std::ranges::sort(at.bases);
  return at;
}

FrameStatus ReplicaCore::frame_status(ViewNumber view, Uid uid, Seq seq) const {
  if (view > c_.installed.number) return {};
  const Stream* stream = c_.streams.find(uid.transmitter);
  if (view < c_.installed.number || stream == nullptr || stream->executed() >= seq) return {true, true};
  Frame frame;
  frame.transmitter = uid.transmitter;
  frame.ts = uid.ts;
  return {order::stable(c_, frame), order::safe(c_, *stream, seq)};
}

ReadTerms ReplicaCore::read_terms() const {
  ReadTerms out = ReadFence::terms(c_);
  out.lease = leases_.held(c_);
  return out;
}

Snapshot ReplicaCore::snapshot() const {
  Snapshot s;
  s.installed = c_.installed.number;
  s.target = c_.flushing() ? c_.record.number : c_.installed.number;
  s.settled = c_.full && c_.in_record() && s.target == s.installed && suspicion_.installed_by_others(c_);
  s.full = c_.full;
  s.wedged = c_.wedged();
  s.clock = c_.clock.now();
  s.frames_sent = c_.frames_sent;
  s.null_frames_sent = c_.null_frames_sent;
  s.frames_executed = c_.frames_executed;
  c_.streams.for_each_live([&](const Stream& stream) {
    s.frames_held += stream.in_memory();
    if (stream.active) ++s.active_clients;
  });
  s.unsafe_own_frames = gateway_.unsafe_frames();
  s.pending_requests = gateway_.pending_requests();
  s.view = c_.installed;
  s.wall = c_.wall;
  s.wall_ahead_ms = wall_.ahead_ms();
  s.wall_fault = wall_.fault();
  return s;
}

}  // namespace titer::smr
