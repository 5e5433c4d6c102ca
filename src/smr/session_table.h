// SPDX-License-Identifier: Apache-2.0

// SessionTable: exactly once (§2.8). Replicated state: every replica sees the same requests in the same
// order, so every replica remembers and forgets the same results.
//
// A session's requests are numbered from 1. For each session the last kSessionWindow results are kept;
// sessions and results are bounded (limits.h) and evicted in the order of their last use — by the order of
// execution, never by wall time, or replicas would differ.
//
// To distinguish an evicted session from a new one, every request names the *birth* of its session, the position behind
// the last one that some replica had executed before the session's first request was sent. The table keeps the
// *horizon*, the highest last use of any session that it evicted. An evicted session was born no later than it was last
// used, so its birth is not above the horizon. A session that is not in the table and was born above the horizon was
// never here: it is new. One that was born earlier may have been here, so nothing of it is executed. Why a position and
// no ordered "open" request: a birth only has to be a lower bound, which every reply to a Hello can give; it costs no
// round trip and no frame.
//
// Invariants: I9 each (session, number) takes effect once. Equal sequences of calls give equal digests. The horizon
// never falls. Every walk over a session's numbers is bounded by the window, however far a number lies above the others.
// Thread rule: none of its own; belongs to the state machine's thread.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>

#include "base/bytes.h"
#include "base/ids.h"
#include "base/result.h"

namespace titer::smr {

class SessionTable {
 public:
  struct Limits {
    std::size_t sessions;
    std::size_t window;
    std::size_t bytes;
  };
  SessionTable();  // the limits of limits.h
  explicit SessionTable(Limits limits);
  ~SessionTable();
  SessionTable(SessionTable&&) noexcept;
  SessionTable& operator=(SessionTable&&) noexcept;

  enum class Verdict {
    kFresh,     // execute it, then remember() its result
    kRepeat,    // `result` is what the first execution gave
    kEvicted,   // it may have been executed, nobody remembers: answer kSessionEvicted, do not execute
    kNoNumber,  // 0, or above kCounterMax: answer kInvalid, do not execute
  };
  struct Found {
    Verdict verdict = Verdict::kFresh;
    ByteView result;  // valid until the next non-const call
  };
  // Fresh: a number that was not used yet, inside the window that ends at the session's highest number or above it; of a
  // session that is not here, only if it was born above the horizon. However far above: the numbers of requests that a
  // gateway has refused never come here (docs/decisions/0032), so what looks like a leap may be the next request.
  [[nodiscard]] Found find(SessionId session, RequestNumber number, Position born) const;

  // Notes the result of a request that find() called fresh, at this position. Evicts what is over the limits.
  void remember(SessionId session, RequestNumber number, Position position, ByteView result);

  [[nodiscard]] std::uint64_t digest() const;  // O(1): kept up to date
  [[nodiscard]] std::size_t sessions() const;
  [[nodiscard]] std::size_t bytes() const;  // of kept results
  // What all of it takes: up to one and a half times bytes(), and some 5 KiB for each session. It looks at each of them.
  [[nodiscard]] std::size_t memory() const;
  [[nodiscard]] Position horizon() const;  // sessions last used up to here were evicted; 0: none was

  // --- state transfer: whole sessions, most lately used last, so that the receiver evicts in the same order.
  // Writes every session used after `since` (Position 0: all) into `out`.
  void write_since(Position since, Bytes& out) const;
  // The same session by session, for who keeps each one by itself. `bytes` are valid during the call.
  using Visitor = std::function<void(SessionId, ByteView bytes)>;
  void visit_since(Position since, const Visitor& visit) const;
  [[nodiscard]] bool knows(SessionId session) const;
  // Appends this session as visit_since() shows it. False: it is not here.
  [[nodiscard]] bool write(SessionId session, Bytes& out) const;
  // Of one session as visit_since gave it: the position of its last use, by which a set of them must be sorted before
  // it is read; 0: malformed.
  [[nodiscard]] static Position last_used(ByteView session);
  // Takes over what write_since wrote: replaces sessions it names, keeps others. Malformed: error, table
  // unchanged or partly changed (the caller then drops the whole state).
  [[nodiscard]] Status read(ByteView in);
  // After a transfer: forgets sessions that the donor no longer has, of which the oldest was last used at `oldest`, and
  // takes over its horizon.
  void forget_before(Position oldest, Position horizon);
  [[nodiscard]] Position oldest() const;  // last use of the least lately used session; 0 when empty

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace titer::smr
