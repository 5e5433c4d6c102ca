// SPDX-License-Identifier: Apache-2.0

#include "sim/ledger.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/hash.h"
#include "wire/codec.h"

namespace titer::sim {

namespace {

std::uint64_t hash_of(const smr::Frame& f) {
  Bytes bytes;
  ByteWriter w(bytes);
  w.u64(f.ts.value);
  w.i64(f.stamp.value);
  w.u32(f.count);
  w.u8(f.rest ? 1 : 0);
  for (const auto& [transmitter, seq] : f.acks) {
    w.u64(transmitter.value);
    w.u64(seq.value);
  }
  return hash64(bytes, f.requests == nullptr ? 0 : hash64(*f.requests));
}

std::string text(const smr::Frame& f) {
  return fmt::format("frame {}.{:x}.{} ts {}", f.view.value, f.transmitter.value, f.seq.value, f.ts.value);
}

// What it holds of each stream of its view.
std::map<TransmitterId, Seq> floors(const smr::Recovered& found) {
  std::map<TransmitterId, Seq> floors(found.checkpoint.bases.begin(), found.checkpoint.bases.end());
  for (const smr::FramePtr& frame : found.frames) floors[frame->transmitter] = frame->seq;
  return floors;
}

}  // namespace

// --- order

void Ledger::append(Incarnation who, const smr::Frame& frame, const Done& done) {
  log_.push_back({frame.uid(), frame.view, done, 0, who});
  reference_.executed(Position(log_.size()), frame, !done.repeated);
  stage_.note(done.result ^ done.request ^ log_.size());
  if (lying_.contains(done.session)) return;
  const auto name = std::pair(done.session, done.number);
  if (!check_key(done)) return;
  if (done.refused) {
    refused_.insert({name, Position(log_.size())});
    return;
  }
  auto effect = effects_.find(name);
  if (!done.repeated && !done.key.empty()) {
    const auto [first, is_new] = keyed_effects_.emplace(done.key, Position(log_.size()));
    if (!is_new)
      stage_.fail("exactly once (I9)", fmt::format("a request with the idempotency key {} took effect at {} and "
                                                   "again at {}",
                                                   done.key, first->second.value, log_.size()));
  }
  // The first time that this (session, number) came, with a key that had come before.
  if (const auto first = keyed_effects_.find(done.key);
      done.repeated && !done.forgotten && effect == effects_.end() && first != keyed_effects_.end())
    effect = effects_.emplace(name, first->second).first;
  if (!done.repeated && effect != effects_.end())
    stage_.fail("exactly once (I9)",
                fmt::format("request {} of session {:x} took effect at {} and again at {}", done.number.value,
                            done.session.value, effect->second.value, log_.size()));
  if (!done.repeated) effects_.emplace(name, Position(log_.size()));
  if (!done.repeated || done.forgotten) return;
  if (effect == effects_.end() || log_[effect->second.value - 1].done.result != done.result)
    stage_.fail("exactly once (I9)",
                fmt::format("request {} of session {:x}, repeated at {}, got another result than "
                            "at first",
                            done.number.value, done.session.value, log_.size()));
}

// An idempotency key stands for one request: its first outcome is for that one only.
bool Ledger::check_key(const Done& done) {
  const auto first = keyed_effects_.find(done.key);
  const bool another = first != keyed_effects_.end() && log_[first->second.value - 1].done.request != done.request;
  if (done.reused) {
    stage_.hit(CoverageMark::kKeyReused);
    if (!another)
      stage_.fail("idempotency keys", fmt::format("key {} is refused to the request that has it", done.key));
    refused_.insert({{done.session, done.number}, Position(log_.size())});
    return false;
  }
  if (another && !done.refused && !done.forgotten)
    stage_.fail("idempotency keys",
                fmt::format("a request with the key {} of another one is taken for it", done.key));
  return !another;
}

void Ledger::executed(Incarnation who, Position position, const smr::Frame& frame, const Done& done) {
  if (position.value == log_.size() + 1) return append(who, frame, done);
  if (position.value > log_.size())
    return stage_.fail("prefix (I2)", fmt::format("process {} executes position {}, nobody was beyond {}",
                                                  who.value, position.value, log_.size()));
  const Entry& entry = log_[position.value - 1];
  const bool same = entry.uid == frame.uid() && entry.done.session == done.session &&
                    entry.done.number == done.number && entry.done.request == done.request;
  if (!same)
    return stage_.fail(
        "prefix (I2)",
        fmt::format("position {}: process {} executed request {} of session {:x} in {}, process {} "
                    "executed request {} of session {:x} at ts {}",
                    position.value, who.value, done.number.value, done.session.value, text(frame),
                    entry.first.value, entry.done.number.value, entry.done.session.value, entry.uid.ts.value));
  if (entry.done.result != done.result)
    stage_.fail("equal results (I2)", fmt::format("position {}: processes {} and {} have different results for {}",
                                                  position.value, who.value, entry.first.value, text(frame)));
}

void Ledger::stands(Incarnation who, Position position, std::uint64_t digest) {
  if (position.value == 0 || position.value > log_.size()) return;
  Entry& entry = log_[position.value - 1];
  if (entry.digest == 0) entry.digest = digest;
  if (entry.digest != digest)
    stage_.fail("digests (I10)",
                fmt::format("process {} has another digest than others at position {}", who.value, position.value));
}

void Ledger::received_state(Incarnation who, Position position) {
  if (position.value > log_.size())
    stage_.fail("prefix (I2)", fmt::format("learner {} was given position {}, nobody was beyond {}", who.value,
                                           position.value, log_.size()));
}

// --- frames

bool Ledger::same_frame(const smr::Frame& frame, bool may_be_new, bool& is_new) {
  std::vector<std::uint64_t>& hashes = names_[{frame.view, frame.transmitter}];
  const std::uint64_t hash = hash_of(frame);
  is_new = frame.seq.value == hashes.size() + 1;
  if (is_new && may_be_new) {
    hashes.push_back(hash);
    ++frames_;
    return true;
  }
  if (frame.seq.value < 1 || frame.seq.value > hashes.size()) return false;
  return hashes[frame.seq.value - 1] == hash ||
         lies_.contains({{frame.view, frame.transmitter}, {frame.seq, hash}});
}

void Ledger::sent(Incarnation who, const smr::Frame& frame, ViewNumber known) {
  bool is_new = false;
  if (!same_frame(frame, true, is_new))
    return stage_.fail("streams (I1)",
                       fmt::format("process {} sends another {} than before", who.value, text(frame)));
  if (is_new && frame.view < known)
    stage_.fail("wedge (I5)",
                fmt::format("process {} knows view {} and sends a new {}", who.value, known.value, text(frame)));
  if (is_new && !stage_.plan.durable) holds(who, frame);
}

void Ledger::made(Incarnation who, const smr::Frame& frame) {
  bool is_new = false;
  if (!same_frame(frame, true, is_new))
    return stage_.fail("streams (I1)",
                       fmt::format("process {} executes another {} than it sent", who.value, text(frame)));
  if (is_new && !stage_.plan.durable) holds(who, frame);
}

void Ledger::relayed(const smr::Frame& frame) {
  bool is_new = false;
  if (!same_frame(frame, false, is_new)) stage_.fail("streams (I1)", "relayed as what it is not: " + text(frame));
}

void Ledger::lied(const smr::Frame& frame) {
  lies_.insert({{frame.view, frame.transmitter}, {frame.seq, hash_of(frame)}});
}

void Ledger::voided(Incarnation who, const smr::Voided& line) {
  Seq& held = held_[{who, {line.view, line.client}}];
  held = std::min(held, line.after);
}

void Ledger::holds(Incarnation who, const smr::Frame& frame) {
  Seq& held = held_[{who, {frame.view, frame.transmitter}}];
  if (frame.seq == held.next()) held = frame.seq;
}

void Ledger::answers(Incarnation who, const smr::Frame& frame, const smr::ViewRecord& known) {
  const smr::ViewRecord* view = record(frame.view);
  if (view == nullptr) return;
  // In a flush only those who stay must hold it, and of them those who are given no final state.
  const bool in_flush = known.number > frame.view;
  for (const smr::Member& member : in_flush ? known.members : view->members) {
    if (in_flush && !was_full(member.incarnation, frame.view)) continue;
    if (held(member.incarnation, frame.view, frame.transmitter) >= frame.seq) continue;
    return stage_.fail("safe (I3)", fmt::format("process {} answers from {}, which process {} never got", who.value,
                                                text(frame), member.incarnation.value));
  }
}

Seq Ledger::held(Incarnation who, ViewNumber view, TransmitterId transmitter) const {
  const auto it = held_.find({who, {view, transmitter}});
  return it == held_.end() ? Seq() : it->second;
}

// --- disks

void Ledger::forgets(Incarnation who, const smr::Checkpoint& checkpoint) {
  const ViewNumber number = checkpoint.installed.number;
  const smr::ViewRecord* view = record(number);
  if (view == nullptr) return;
  for (const auto& [transmitter, base] : checkpoint.bases)
    for (const smr::Member& member : view->members)
      if (held(member.incarnation, number, transmitter) < base)
        return stage_.fail(
            "disks (I7)", fmt::format("process {} forgets frame {}.{:x}.{}, which member {} has not got", who.value,
                                      number.value, transmitter.value, base.value, member.incarnation.value));
}

void Ledger::given_back(const std::vector<Incarnation>& lives, const smr::Recovered& found) {
  const ViewNumber view = found.checkpoint.installed.number;
  std::map<TransmitterId, Seq> here = floors(found);
  for (const Incarnation life : lives)
    for (auto it = held_.lower_bound({life, {view, TransmitterId()}});
         it != held_.end() && it->first.first == life && it->first.second.first == view; ++it)
      if (here[it->first.second.second] < it->second)
        return stage_.fail("disks (I7)",
                           fmt::format("frame {}.{:x}.{} was on the disk of process {}; it is not any more",
                                       view.value, it->first.second.second.value, it->second.value, life.value));
}

void Ledger::could_begin(Incarnation member, Position position, const smr::Recovered& found) {
  std::set<smr::Uid> held;
  for (const smr::FramePtr& frame : found.frames) held.insert(frame->uid());
  for (std::uint64_t p = position.value + 1; p <= acknowledged_.value; ++p)
    if (!held.contains(log_[p - 1].uid))
      return stage_.fail("disks (I3)",
                         fmt::format("the disk of member {} stands at {} and does not hold position {}, which was "
                                     "answered",
                                     member.value, position.value, p));
}

void Ledger::begins_again(Incarnation who, const smr::Recovered& found) {
  const ViewNumber view = found.checkpoint.installed.number;
  for (const auto& [transmitter, seq] : floors(found)) held_[{who, {view, transmitter}}] = seq;
  installs_.insert({who, view});
}

// --- views

// It has installed this view, or was born with it.
bool Ledger::was_full(Incarnation who, ViewNumber view) const {
  const auto is = [who](const smr::Member& member) { return member.incarnation == who; };
  return installs_.contains({who, view}) ||
         (view == ViewNumber() && records_.contains(view) && std::ranges::any_of(records_.at(view).members, is));
}

const smr::ViewRecord* Ledger::record(ViewNumber view) const {
  const auto it = records_.find(view);
  return it == records_.end() ? nullptr : &it->second;
}

void Ledger::published(const smr::ViewRecord& record) {
  if (!records_.emplace(record.number, record).second)
    stage_.fail("register (I4)", fmt::format("a second record for view {}", record.number.value));
}

void Ledger::installed(Incarnation who, ViewNumber view, Position position) {
  installs_.insert({who, view});
  const auto [place, first] = installed_at_.emplace(view, position);
  if (!first && place->second != position)
    return stage_.fail("installs (I6)", fmt::format("view {} is installed at position {}, by process {} at {}",
                                                    view.value, place->second.value, who.value, position.value));
  for (const auto& [earlier, answered] : acknowledged_in_)
    if (earlier < view && answered > position)
      return stage_.fail("answered writes",
                         fmt::format("process {} installs view {} at position {} without {}, which "
                                     "was answered in view {}",
                                     who.value, view.value, position.value, answered.value, earlier.value));
}

// --- clients

void Ledger::compare(Incarnation who, const registry::State& state, bool whole) {
  if (reference_.model().complete_after() != Position()) stage_.hit(CoverageMark::kHistoryTrimmed);
  if (const std::string why = reference_.difference(state, whole); !why.empty())
    stage_.fail("registry", fmt::format("process {} at position {}: {}", who.value, log_.size(), why));
}

void Ledger::refused(SessionId session, RequestNumber number, const registry::Outcome& outcome, ByteView result,
                     ByteView body, Position floor) {
  if (refused_.contains({{session, number}, outcome.position}))
    return answered(session, number, result, outcome.position);
  ++answers_;
  const auto request = wire::decode_request(body);
  if (outcome.code != Code::kUnauthorized || !request.ok() || !reference_.valid_since(request->key, floor)) return;
  stage_.fail("refusals", fmt::format("request {} of session {:x} is refused for its key {}, which was made before "
                                      "position {} and is valid",
                                      number.value, session.value, request->key.value, floor.value));
}

void Ledger::answered(SessionId session, RequestNumber number, ByteView result, Position position) {
  ++answers_;
  const auto name = std::pair(session, number);
  const auto effect = effects_.find(name);
  const bool refused = refused_.contains({name, position});
  if (effect == effects_.end() && !refused)
    return stage_.fail("answered writes", fmt::format("request {} of session {:x} was answered; nobody executed it",
                                                      number.value, session.value));
  const Position at = refused ? position : effect->second;
  const Entry& entry = log_[at.value - 1];
  if (entry.done.result != hash64(result) || at != position)
    return stage_.fail("answered writes",
                       fmt::format("request {} of session {:x} was answered otherwise than position "
                                   "{} says",
                                   number.value, session.value, at.value));
  if (const std::string why = reference_.difference(at, result); !why.empty())
    return stage_.fail("registry", fmt::format("position {}: {}", at.value, why));
  acknowledged_ = std::max(acknowledged_, position);
  Position& of_view = acknowledged_in_[entry.view];
  of_view = std::max(of_view, position);
}

void Ledger::read(Position floor, Position seen, ReplicaId who) {
  ++reads_;
  if (seen < floor)
    stage_.fail("reads", fmt::format("replica {} answers a read at position {}, {} was answered before it began",
                                     who.value, seen.value, floor.value));
}

}  // namespace titer::sim
