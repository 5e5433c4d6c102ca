// SPDX-License-Identifier: Apache-2.0

// Machine: the deterministic state machine as the protocol sees it — request bytes in, result bytes out.
//
// It puts together what must be together for exactly-once: the session table (smr) and the table of idempotency keys in
// front of the registry. A repeated request never reaches the registry. A request whose bytes do not decode is executed
// like any other: its result says kInvalid, at every replica alike. Position counts every request in the order, repeated
// and refused ones included.
//
// Why a module of its own: the simulator and the node must run the very same one, and neither smr (opaque bytes)
// nor registry (no bytes) nor wire (no state) is its place. Pure: no I/O, no clock, one thread.
//
// digest(): of registry with its history and time, sessions and position; equal at equal positions at every replica (I10).
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "base/bytes.h"
#include "base/ids.h"
#include "base/result.h"
#include "machine/idempotency_table.h"
#include "registry/state.h"
#include "smr/request_batch.h"
#include "smr/session_table.h"
#include "smr/types.h"
#include "wire/codec.h"

namespace titer::machine {

// Raise it with every change that lets a request have another effect or result: replicas of different rules would come to
// different states, so they refuse each other's links.
inline constexpr std::uint64_t kRulesVersion = 5;
// Of the rules and of the tables that are compiled in (registry/products.h); equal at all replicas of a cluster.
[[nodiscard]] std::uint64_t rules_digest();

struct Executed {
  SessionId session;
  RequestNumber number;
  ByteView result;  // encoded Outcome; valid during the call
  bool repeated = false;
};
// How far the execution of one frame has come that is executed in pieces. The frame must outlive it.
struct FrameProgress {
  explicit FrameProgress(const smr::Frame& frame)
      : requests(frame.requests == nullptr ? ByteView() : ByteView(*frame.requests)) {}

  smr::RequestReader requests;  // those that are not decoded yet
  std::uint32_t decoded = 0, fetched = 0, executed = 0;
};
// The key that an answer is for. Once there are keys, one without the permission to audit sees neither actors nor
// reasons.
struct Asking {
  registry::KeyId key = registry::kMachine;
  WallTime now;  // of the replica's clock: keys end between requests too
};
using Sink = std::function<void(const Executed&)>;
// One line per executed request: `uid: result`; repeated ones are not logged.
using LogSink = std::function<void(std::string_view line)>;

class Machine {
 public:
  // Other limits than the product's: for tests, whose lives are short. Equal at all replicas.
  struct Limits {
    smr::SessionTable::Limits sessions;
    IdempotencyTable::Limits idempotency = {};
    registry::State::HistoryBounds history = {};
    std::size_t part_bytes = std::size_t{1}
                             << 20;  // of a body in one part of a state transfer; longer ones are split
  };
  [[nodiscard]] static Limits default_limits();
  explicit Machine(const Limits& limits = default_limits());
  ~Machine();
  Machine(Machine&&) noexcept;
  Machine& operator=(Machine&&) noexcept;

  // Executes all requests of the frame. `sink` (may be null) gets every result, in order.
  // With a log sink the line `ts.transmitter.index: description` is made too (slower).
  void execute(const smr::Frame& frame, const Sink& sink, const LogSink& log = nullptr);
  // Executes the next requests of the frame, about `operations` operations (a bulk is not divided). True: all of them are
  // executed. Until then no other frame may be executed. Meanwhile the state is at a position like any
  // other; only digests are compared between frames.
  [[nodiscard]] bool execute_some(const smr::Frame& frame, FrameProgress& progress, std::size_t operations,
                                  const Sink& sink, const LogSink& log = nullptr);

  // Would this request be refused here and now, for what it is or for who asks (State::judge)? Then `result` is the encoded
  // refusal, without a position, and the gateway need not put it into the order, once it knows that this state is fresh
  // enough for a read. False when in doubt: also for a repetition, whose first outcome the order knows. Changes nothing.
  [[nodiscard]] bool refuses(const smr::RequestView& asked, Bytes& result) const;

  // Answers a query body at the current position: fills `answer` (body points into `buffer`, which is cleared
  // first). Rows that would make the answer longer than a message are left for the next page (`more` is set);
  // rows of changes are cut only between positions, so that the last row's position is where to go on.
  void query(ByteView body, Bytes& buffer, wire::QueryAnswer& answer, Asking asking = {}) const;
  // One step of that (registry/progress.h). Before the first one `buffer` is empty; while progress.unfinished says so the
  // same four are given again. The answer's position is the one at which the first step was made, and no row is older:
  // a row that has changed since is among the changes after that position. Exceptions: Changes are complete up to the
  // position of the last step, and ChangedSites is always one step, because its rows must be of one position.
  void query(ByteView body, Bytes& buffer, wire::QueryAnswer& answer, Asking asking,
             registry::Progress& progress) const;
  // Events after `since`, for watchers, as one or more wire::Events messages appended to `out`; nothing if there
  // was no request since. About `limit` events: those of one position stay together. Returns the new `since`.
  // When the history does not reach back that far the message says so, and `since` is returned as it was.
  // `audit`: with actors and reasons (may_audit()).
  Position events(Position since, std::uint32_t limit, Bytes& out, bool audit) const;
  // It may see who did what, and why.
  [[nodiscard]] bool may_audit(Asking asking) const;

  [[nodiscard]] Position position() const;
  [[nodiscard]] std::uint64_t digest() const;
  [[nodiscard]] const registry::State& registry() const;
  [[nodiscard]] std::size_t sessions() const;
  [[nodiscard]] const IdempotencyTable& idempotency() const;

  // --- state transfer (donor). While learning: passes over all slots, each sending the sites that changed since the
  // pass before it began, in parts of about bytes_max, one call per turn. A site that changes behind the cursor is the
  // next pass's; so when a pass ends the learner is complete up to where the donor stood when it began. The final state
  // of a flush is one more pass, over a state that stands still.
  struct Cursor {
    Position complete;       // the learner is complete up to here: this pass sends what changed after it
    bool in_pass = false;    // the two below are set
    Position pass_began;     // what the learner will be complete up to when this pass ends
    std::uint32_t slot = 0;  // next slot of this pass
    registry::PerLane<Position> events;  // events sent up to here, of each lane
    Position idempotency;                // likewise records of idempotency keys
    ViewNumber view;                     // of the final state …
    LamportTime clock;                   // … and the donor's clock
  };
  // Goes on where another donor's pass was cut off, if `want` says so.
  [[nodiscard]] Cursor begin_transfer(const wire::TransferWant& want) const;
  // Appends whole kTransferPart messages to `out`. True: a pass ended with this call (a kHead part was written).
  bool write_part(Cursor& cursor, std::size_t bytes_max, Bytes& out) const;
  // The final state of the flush of `view`: everything beyond `learned`, sessions, head with digest and clock. Until
  // write_part has returned true nothing may be executed.
  [[nodiscard]] Cursor begin_final(Position learned, ViewNumber view, LamportTime clock) const;
  // All of it.
  void write_final(Position learned, ViewNumber view, LamportTime clock, Bytes& out) const;

  // --- state transfer (learner)
  struct Received {
    Position complete;                       // grew if the part ended a pass
    std::uint32_t next_slot = 0, slots = 0;  // progress of the pass; 0 of 0 when the part says nothing about it
    bool final_state = false;
    bool outdated = false;  // older than what is here; it completes nothing
    ViewNumber view;        // of the final state
    LamportTime clock;
  };
  // Error: malformed, or (final state) the digest differs: the learner must start over from nothing.
  // Donors may overlap: one whose link was slow still sends pieces, or the final state of a flush that failed, when
  // another has given the final state of a later view. Once that has begun, parts of earlier views, and pieces of
  // view 0, are older than what is here: they are outdated. So is the end of a pass by a donor that has executed
  // less than the donor before it had.
  [[nodiscard]] Result<Received> read_part(const wire::TransferPart& part);
  // The link ended over which the last part came: the rest of a body that it began will not come.
  void forget_unfinished();
  // What to ask the next donor for (log_bytes is not set). Parts that are here already are not requested again, not
  // even those of a pass that was cut off.
  [[nodiscard]] wire::TransferWant wanted() const;

  // --- for the tables on disk (store/tables.h): what changed since it was last taken …
  // These three as in registry::State.
  void track_changes(bool on);
  bool take_changed(std::size_t sites_min, std::size_t bytes_max, const registry::State::PartVisitor& visit);
  [[nodiscard]] const smr::SessionTable& session_table() const;
  // Where it stands when all of that was taken.
  struct Standing {
    bool learning = false;     // not whole: of different positions, complete only up to …
    Position position;         // … executed up to
    std::uint64_t digest = 0;  // in either case of what is here
    Position pass_began;       // learning: the pass that is under way, as in wire::TransferWant
    std::uint32_t next_slot = 0;
    Bytes registry;     // whole: State::write_head
    Position horizon;   // SessionTable::horizon
    Bytes idempotency;  // IdempotencyTable::write_head
  };
  [[nodiscard]] Standing standing(bool learning) const;

  // … and the way back, into a Machine that has executed nothing: the sites in the order of their slots, the events,
  // the sessions in the order of their last use, the idempotency keys, the standing. Any error: malformed, or not what was written (the
  // digest differs); this Machine must be thrown away.
  void begin_restore();
  [[nodiscard]] Status restore_registry(ByteView parts);  // sites, events
  [[nodiscard]] Status restore_sessions(ByteView sessions);
  [[nodiscard]] Status restore_idempotency(ByteView records);  // in the order of their positions
  [[nodiscard]] Status finish_restore(const Standing& standing);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace titer::machine
