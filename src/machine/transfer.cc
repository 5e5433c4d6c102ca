// SPDX-License-Identifier: Apache-2.0

// State transfer of a Machine: the donor's passes, the final state, and the learner's side.
//
// Every pass ends with: events, idempotency keys, sessions, head — in this order, so that the head closes what came before
// it. Sites and events are of the time when they are sent, and so may be newer than what the head says is complete; that
// is what the next pass repeats. The final state is a pass over a state that stands still. The head's body is the last use of the oldest session that the donor
// still has (u64), the sessions' horizon (u64), the head of the idempotency keys, the keys if they changed, and the
// registry's head.
// Bodies longer than a piece are split; the learner puts them together again (`more`).

#include <fmt/format.h>

#include <algorithm>

#include "base/check.h"
#include "base/limits.h"
#include "base/rules.h"
#include "machine/machine_impl.h"

namespace titer::machine {
namespace {

using wire::TransferKind;
using wire::TransferPart;

// What a learner puts together at most: above any state this program can hold; a lying donor stops here.
constexpr std::size_t kPendingMax = std::size_t{2} << 30;

// Where parts go: messages are appended to `bytes`; the body of none is longer than `body_max`.
struct Parts {
  Bytes& bytes;
  std::size_t body_max;
};

// Appends the body in pieces; all but the last say `more`.
void append(TransferPart part, ByteView body, Parts out) {
  while (body.size() > out.body_max) {
    part.more = true;
    part.body = body.first(out.body_max);
    wire::encode(out.bytes, part);
    body = body.subspan(out.body_max);
  }
  part.more = false;
  part.body = body;
  wire::encode(out.bytes, part);
}

TransferPart part_of(TransferKind kind, ViewNumber view = {}) {
  TransferPart part;
  part.kind = kind;
  part.view = view;
  return part;
}

void append_some(TransferKind kind, ViewNumber view, const Bytes& body, Parts out) {
  if (!body.empty()) append(part_of(kind, view), body, out);
}

void write_sessions(const smr::SessionTable& sessions, Position since, ViewNumber view, Parts out) {
  Bytes body;
  sessions.write_since(since, body);
  append_some(TransferKind::kSessions, view, body, out);
}

// Events above `since` up to about `bytes_max`, one lane after the other; true: none are left.
bool write_events(const registry::State& state, registry::PerLane<Position>& since, std::size_t bytes_max,
                  ViewNumber view, Parts out) {
  Bytes body;
  bool all = true;
  for (const registry::Lane lane : registry::kAllLanes) {
    const std::size_t before = body.size();
    if (before >= bytes_max) all = false;
    if (!all) break;
    const Position upto = state.write_events(lane, since[lane], bytes_max - before, body);
    all = body.size() == before || upto <= since[lane] || upto >= state.position();
    since[lane] = std::max(since[lane], upto);
  }
  append_some(TransferKind::kEvents, view, body, out);
  return all;
}

// Idempotency keys above `since` up to about `bytes_max`; true: none are left.
bool write_idempotency(const IdempotencyTable& table, Position& since, std::size_t bytes_max, ViewNumber view,
                       Parts out) {
  Bytes body;
  since = table.write_since(since, bytes_max, body);
  append_some(TransferKind::kIdempotency, view, body, out);
  return body.empty() || since >= table.newest();
}

// The next sites of the pass. Says how far it is even when none of them changed, so that the learner can resume
// there with another donor.
void write_sites(const registry::State& state, Machine::Cursor& cursor, std::size_t bytes_max, Parts out) {
  Bytes body;
  cursor.slot = state.write_sites(cursor.slot, bytes_max, body, cursor.complete);
  const bool first = cursor.complete == Position() && cursor.view == ViewNumber();
  TransferPart part = part_of(first ? TransferKind::kSites : TransferKind::kChanged, cursor.view);
  part.complete = cursor.pass_began;
  part.next_slot = cursor.slot;
  part.slots = state.slots();
  append(part, body, out);
}

// True: all sites, events and idempotency keys of this pass have been sent. New sites that came meanwhile are few, so events go into the
// same call behind them: or a donor that gets a new site every turn would never come to its events. Likewise it sends
// more of them in a call than a turn's requests make.
bool write_pass(const registry::State& state, const IdempotencyTable& idempotency, Machine::Cursor& cursor,
                std::size_t bytes_max, Parts out) {
  if (cursor.slot < state.slots()) write_sites(state, cursor, bytes_max, out);
  return cursor.slot >= state.slots() && write_events(state, cursor.events, 4 * bytes_max, cursor.view, out) &&
         write_idempotency(idempotency, cursor.idempotency, 4 * bytes_max, cursor.view, out);
}

// `since`: the learner has the keys as they were then.
Bytes head_body(const smr::SessionTable& sessions, const IdempotencyTable& idempotency,
                const registry::State& state, Position since) {
  Bytes body;
  ByteWriter(body).u64(sessions.oldest().value);
  ByteWriter(body).u64(sessions.horizon().value);
  idempotency.write_head(body);
  state.write_access(since, body);
  state.write_head(body);
  return body;
}

Error malformed(std::string_view what, const Error& why) {
  return {Code::kProtocol, fmt::format("state transfer: malformed {}: {}", what, why.message)};
}

}  // namespace

Machine::Cursor Machine::begin_transfer(const wire::TransferWant& want) const {
  Cursor cursor;
  cursor.complete = cursor.idempotency = want.since;
  cursor.events.each.fill(want.since);
  if (want.from_slot == 0) return cursor;
  // The sites below from_slot came from a donor that stood at pass_began or beyond. The rest comes from here: if this
  // replica has not executed that much yet, the pass ends with less.
  cursor.in_pass = true;
  cursor.slot = want.from_slot;
  cursor.pass_began = std::max(want.since, std::min(want.pass_began, impl_->position));
  return cursor;
}

Machine::Cursor Machine::begin_final(Position learned, ViewNumber view, LamportTime clock) const {
  TITER_CHECK(view != ViewNumber(), "a final state belongs to a view that somebody joins");
  Cursor cursor;
  cursor.complete = cursor.idempotency = learned;
  cursor.events.each.fill(learned);
  cursor.in_pass = true;
  cursor.pass_began = impl_->position;
  cursor.view = view;
  cursor.clock = clock;
  return cursor;
}

bool Machine::write_part(Cursor& cursor, std::size_t bytes_max, Bytes& out) const {
  const registry::State& state = impl_->registry;
  const bool final_state = cursor.view != ViewNumber();
  TITER_CHECK(!final_state || cursor.pass_began == impl_->position, "a final state is of one position");
  if (!cursor.in_pass) {
    cursor.in_pass = true;
    cursor.slot = 0;
    cursor.pass_began = std::max(cursor.complete, impl_->position);
  }
  const Parts parts{out, impl_->part_bytes};
  if (!write_pass(state, impl_->idempotency, cursor, bytes_max, parts)) return false;
  write_sessions(impl_->sessions, cursor.complete, cursor.view, parts);
  const Bytes body = head_body(impl_->sessions, impl_->idempotency, state, cursor.complete);
  cursor.complete = rule_enabled(ProtocolRule::kPassBegan) ? cursor.pass_began : impl_->position;
  cursor.in_pass = false;
  TransferPart head = part_of(TransferKind::kHead, cursor.view);
  head.complete = cursor.complete;
  if (final_state) {
    head.clock = cursor.clock;
    head.digest = digest();
  }
  append(head, body, parts);
  return true;
}

void Machine::write_final(Position learned, ViewNumber view, LamportTime clock, Bytes& out) const {
  Cursor cursor = begin_final(learned, view, clock);
  while (!write_part(cursor, impl_->part_bytes, out)) continue;
}

Status Machine::Impl::take_head(const wire::TransferPart& part, ByteView body) {
  ByteReader in(body);
  const Position oldest(in.u64());
  const Position horizon(in.u64());
  const ByteView idempotency_head = in.raw(IdempotencyTable::kHeadBytes);
  if (!in.ok() || horizon.value > limits::kCounterMax)
    return Error{Code::kProtocol, "state transfer: a head that is cut short"};
  if (Status s = registry.read_transfer(in.raw(in.left())); !s.ok())
    return s.error().code == Code::kTooOld && part.view == ViewNumber() ? s.error() : malformed("head", s.error());
  sessions.forget_before(oldest, rule_enabled(ProtocolRule::kHorizonMoves) ? horizon : sessions.horizon());
  if (Status s = idempotency.read_head(idempotency_head); !s) return s;
  position = part.complete;
  if (part.view != ViewNumber() && registry.position() > position)
    return Error{Code::kProtocol, "state transfer: the registry is ahead of the order that led to it"};
  if (part.view == ViewNumber() || part.digest == digest()) return ok_status();
  return Error{Code::kInternal,
               fmt::format("state transfer: the state received differs from the donor's at position {} (digest "
                           "{:016x}, the donor's {:016x}); start over from nothing",
                           position.value, digest(), part.digest)};
}

Status Machine::Impl::take(const wire::TransferPart& part, ByteView body) {
  if (part.kind == TransferKind::kHead) return take_head(part, body);
  if (part.kind == TransferKind::kSessions) {
    if (Status s = sessions.read(body); !s.ok()) return malformed("sessions", s.error());
  } else if (part.kind == TransferKind::kIdempotency) {
    if (Status s = idempotency.read(body); !s.ok()) return s;
  } else if (Status s = registry.read_transfer(body); !s.ok()) {
    return malformed("sites or events", s.error());
  }
  return ok_status();
}

void Machine::forget_unfinished() { impl_->pending = Bytes(); }

wire::TransferWant Machine::wanted() const { return {impl_->position, impl_->next_slot, impl_->pass_began, 0}; }

// A part of view 0 that was taken whole, or found to be outdated.
void Machine::Impl::note_progress(const wire::TransferPart& part) {
  if (part.kind == TransferKind::kHead) {
    next_slot = 0;
    pass_began = {};
  } else if (part.slots > 0) {
    next_slot = part.next_slot;
    pass_began = part.complete;
  }
}

Result<Machine::Received> Machine::read_part(const wire::TransferPart& part) {
  Impl& m = *impl_;
  Received received;
  received.complete = m.position;
  received.outdated = part.view < m.final_view && rule_enabled(ProtocolRule::kOutdatedState);
  if (received.outdated) return received;
  if (part.view > m.final_view) {
    m.final_view = part.view;
    forget_unfinished();
  }
  if (!m.pending.empty() && part.kind != m.pending_kind)
    return Error{Code::kProtocol, "state transfer: a part that was not finished"};
  received.next_slot = part.next_slot;
  received.slots = part.slots;
  if (part.more || !m.pending.empty()) {
    if (m.pending.size() + part.body.size() > kPendingMax)
      return Error{Code::kTooLarge, "state transfer: a part without end"};
    m.pending_kind = part.kind;
    m.pending.insert(m.pending.end(), part.body.begin(), part.body.end());
    if (part.more) return received;
  }
  const Status taken = m.take(part, m.pending.empty() ? part.body : ByteView(m.pending));
  m.pending = Bytes();
  if (part.view == ViewNumber() || part.kind == TransferKind::kHead) m.note_progress(part);
  received.outdated =
      !taken.ok() && taken.error().code == Code::kTooOld && rule_enabled(ProtocolRule::kDonorBehind);
  if (received.outdated)
    return received;  // of a donor that has executed less than the one before: its next will do
  if (!taken.ok()) return taken.error();
  if (part.kind != TransferKind::kHead) return received;
  received.complete = part.complete;
  received.final_state = part.view != ViewNumber();
  received.view = part.view;
  received.clock = part.clock;
  return received;
}

}  // namespace titer::machine
