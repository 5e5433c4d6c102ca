// SPDX-License-Identifier: Apache-2.0

// SessionTable: exactly once (§2.8). Replicated state: every replica sees the same requests in the same
// order, so every replica remembers and forgets the same results.
//
// A session's requests are numbered from 1. For each session the last kSessionWindow results are kept;
// sessions and results are bounded (limits.h) and evicted in the order of their last use — by the order of
// execution, never by wall time, or replicas would differ.
//
// Invariants: I9 each (session, number) takes effect once. Equal sequences of calls give equal digests.
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
    kFresh,    // execute it, then remember() its result
    kRepeat,   // `result` is what the first execution gave
    kEvicted,  // it may have been executed, nobody remembers: answer kSessionEvicted, do not execute
  };
  struct Found {
    Verdict verdict = Verdict::kFresh;
    ByteView result;  // valid until the next non-const call
  };
  // Fresh: a number above all seen in its session, or any number of a session that starts with it (number 1),
  // or a number inside the window that was skipped. A number >1 of a session nobody knows is kEvicted.
  [[nodiscard]] Found find(SessionId session, RequestNumber number) const;

  // Notes the result of a request that find() called fresh, at this position. Evicts what is over the limits.
  void remember(SessionId session, RequestNumber number, Position position, ByteView result);

  [[nodiscard]] std::uint64_t digest() const;  // O(1): kept up to date
  [[nodiscard]] std::size_t sessions() const;
  [[nodiscard]] std::size_t bytes() const;  // of kept results

  // --- state transfer: whole sessions, most lately used last, so that the receiver evicts in the same order.
  // Writes every session used after `since` (Position 0: all) into `out`.
  void write_since(Position since, Bytes& out) const;
  // The same session by session, for who keeps each one by itself. `bytes` are valid during the call.
  using Visitor = std::function<void(SessionId, ByteView bytes)>;
  void visit_since(Position since, const Visitor& visit) const;
  [[nodiscard]] bool knows(SessionId session) const;
  // Of one session as visit_since gave it: the position of its last use, by which a set of them must be sorted before
  // it is read; 0: malformed.
  [[nodiscard]] static Position last_used(ByteView session);
  // Takes over what write_since wrote: replaces sessions it names, keeps others. Malformed: error, table
  // unchanged or partly changed (the caller then drops the whole state).
  [[nodiscard]] Status read(ByteView in);
  // After a transfer: forgets sessions that the donor no longer has (it has `count`, of which the oldest was
  // last used at `oldest`).
  void forget_before(Position oldest);
  [[nodiscard]] Position oldest() const;  // last use of the least lately used session; 0 when empty

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace titer::smr
