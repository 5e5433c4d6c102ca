// SPDX-License-Identifier: Apache-2.0

// IdempotencyTable: the outcomes of requests with an idempotency key, so that each is executed once, however often and
// at whichever replicas it is sent. Replicated state, like the session table.
//
// Why not the session table: a session ends with its client, and is forgotten after as many others. An idempotency key
// has a stated time for which a retry is safe: kIdempotencyKeepMs of the state machine's time (docs/decisions/0006).
// An API key has room while its records take no more than what is still free of kIdempotencyBytesMax: one key alone
// gets half of the memory, two get a third each, and however many have filled it, another one finds room. (A fixed share
// per key would waste memory where there is one key only, and could still be used up by many.) When a key's room is used
// up, the oldest records are forgotten earlier, but none that is younger than kIdempotencyKeepMinMs: then that key's
// request is refused (`too_many`) instead.
//
// A record belongs to the API key of the request and the text of its idempotency key, which are compared exactly, and
// keeps a fingerprint of the request: under one key another request is refused, not answered with the first one's
// outcome. Records are in the order of execution, which is also that of their times: the oldest is the first.
//
// Thread rule: none of its own; belongs to the state machine's thread.
// Invariants: equal sequences of calls give equal digests. Positions rise from record to record; times do not fall.
// Errors: read() refuses what write_since() cannot have written; the caller then drops the whole state.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string_view>

#include "base/bytes.h"
#include "base/ids.h"
#include "base/limits.h"
#include "base/result.h"
#include "registry/keys.h"

namespace titer::machine {

class IdempotencyTable {
 public:
  struct Limits {
    std::size_t bytes = limits::kIdempotencyBytesMax;
    std::int64_t keep_ms = limits::kIdempotencyKeepMs;
    std::int64_t keep_min_ms = limits::kIdempotencyKeepMinMs;
  };
  IdempotencyTable();
  explicit IdempotencyTable(Limits limits);
  ~IdempotencyTable();
  IdempotencyTable(IdempotencyTable&&) noexcept;
  IdempotencyTable& operator=(IdempotencyTable&&) noexcept;

  struct Name {
    registry::KeyId key;
    std::string_view text;
  };
  enum class Verdict {
    kFresh,   // execute it, then remember() its result
    kRepeat,  // `result` is what the first execution gave
    kOther,   // the key was used for another request
    kFull,    // there is no room for this API key now: do not execute it
  };
  struct Found {
    Verdict verdict = Verdict::kFresh;
    ByteView result;  // valid until the next call that changes the table
  };
  // `now`: the state machine's time. Forgets what need not be kept any longer.
  [[nodiscard]] Found find(Name name, std::uint64_t fingerprint, WallTime now);
  // The result of a request that find() has just called fresh. `position` is above those of all records.
  void remember(Name name, std::uint64_t fingerprint, WallTime now, Position position, ByteView result);

  // There is a record of this name. An empty text is none.
  [[nodiscard]] bool knows(Name name) const;

  [[nodiscard]] std::uint64_t digest() const;  // O(1)
  struct Stats {
    std::size_t records = 0;
    std::size_t bytes = 0;  // in memory, about
    WallTime oldest;        // time of the oldest record; 0: there is none
    WallTime forgotten;     // the newest record that was forgotten before kIdempotencyKeepMs; 0: none was
  };
  [[nodiscard]] Stats stats() const;

  // --- state transfer and the tables on disk: records in the order of their positions
  using Visitor = std::function<void(Position position, ByteView record)>;
  // Shows records above `since`, about bytes_max bytes; returns the position of the last one, or `since`.
  Position visit_since(Position since, std::size_t bytes_max, const Visitor& visit) const;
  // Appends them to `out`.
  Position write_since(Position since, std::size_t bytes_max, Bytes& out) const;
  // Appends what write_since or visit_since gave. Records that are here already are skipped.
  [[nodiscard]] Status read(ByteView in);
  // Everything else: what was forgotten. Closes a transfer.
  static constexpr std::size_t kHeadBytes = 16;
  void write_head(Bytes& out) const;
  [[nodiscard]] Status read_head(ByteView in);
  [[nodiscard]] Position dropped() const;  // records up to here were forgotten
  [[nodiscard]] Position newest() const;   // of the newest record, or dropped()

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace titer::machine
