// SPDX-License-Identifier: Apache-2.0

// Replica: the complete protocol of one replica as a pure state machine: inputs go in, actions to perform come out. It does no
// I/O, starts no thread, reads no clock and uses no randomness.
//
// Why this shape: everything that can go wrong in a distributed system reaches this class as an Input, in an order that a
// test or the simulator chooses. The driver (node) performs what Output asks for.
//
// The driver's contract
//  1. One thread. For every input, call step(now, input, out). step() appends to `out` and never clears it.
//  2. A turn: step all inputs that are there, then EndOfTurn; then perform `out` and clear it. Performing it produces
//     further inputs (Executed); perform what those append within the same turn. Each list of Output is performed in its
//     own order; the comment at each field says what has to happen before it and after it. Where two fields name no order
//     either order is correct: the node sends before it executes, smr's own schedules do both.
//  3. Messages to one replica keep their order (FIFO) while its link lives. Give LinkUp whenever a link is made or made
//     again, before anything is sent over it: the replica then repeats what may have been lost, and the receiver drops
//     duplicates by name. A ReplicaId in `send` means the incarnation that the newest view given to this replica has under
//     that id; if that view has none, the newest connection.
//  4. "Sync, then acknowledge" does not depend on the driver: a frame counts in ack rows and before `done` only after
//     Persisted has reported it (floors count what is held in memory). With Options::durable false, holding is enough.
//  5. With durability, write checkpoint() together with the state that has executed all of Output::execute so far, as one
//     atomic step; only then may the journal forget what §7 allows, and nothing else. A joiner has its state on disk before
//     StateInstalled. Its disk is a member's disk only once the line that the view is installed (Output::persist) is
//     synced; until then the register must not be told that this replica is full.
//
// Invariants: I1 … I10 of docs/explanation/protocol.md; invariants.h checks them after every step (TITER_INVARIANTS).
// Errors: nothing that a peer or client sends can break it. A message that violates the protocol is answered by
// Output::cut (the driver closes that connection and logs the reason). A broken invariant of our own is a CHECK.
// Sources: Schneider 1990 §§3-4; Schneider, Gries, Schlichting 1984; Lamport 1978; Hermes 2020 for reads.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/bytes.h"
#include "base/ids.h"
#include "base/limits.h"
#include "smr/checkpoint.h"
#include "smr/lags.h"
#include "smr/read_terms.h"
#include "smr/types.h"

namespace titer::smr {

// The defaults are those of the product; tests make them small, so that their runs reach them. They must be equal at
// all replicas.
struct Limits {
  std::size_t frame_requests = limits::kFrameRequestsMax;
  std::size_t pending_bytes = limits::kPendingBytesMax;
  std::size_t direct_clients = limits::kDirectClientsMax;    // in one view, known in full; and
  std::size_t settled_clients = limits::kSettledClientsMax;  // so many more by a summary
};

struct Options {
  ReplicaId me;
  Incarnation incarnation;
  bool durable = false;  // true: only Persisted makes a frame held
  std::uint32_t frames_in_flight =
      64;  // own request frames that may be unsafe at a time; 64 at most, the node sets 2
  bool accept_wall =
      false;  // an operator says that this machine's clock is right, however far it is ahead of the state
  bool confirm_reads = false;  // every read asks all members once (§5), for machines whose clocks may stand still
  bool shares_machine =
      false;  // with the other replicas: silence is rather the machine's, so nobody is suspected of it early
  Limits limits = {};
  LamportTime clock = {};  // where it begins: at 0, but in tests, which come near its end
};

namespace input {

// A thin client's request; copied into the gateway's next frame. Ask accepts() first.
struct Submit {
  SessionId session;
  RequestNumber number;
  ByteView body;
  Position born{};  // of the session (session_table.h)
};
struct Receive {  // from a replica, over a link whose handshake named this id and incarnation
  ReplicaId from;
  Incarnation incarnation;
  PeerMessage message;
};
struct Direct {  // from a direct client
  TransmitterId client;
  FromClient message;
};
struct DirectLost {  // its connection is gone
  TransmitterId client;
};
struct LinkUp {  // a link to this incarnation is there (again)
  ReplicaId peer;
  Incarnation incarnation;
};
struct LinkDown {
  ReplicaId peer;
  Incarnation incarnation;
};
struct Died {  // this process has ended, for certain
  Incarnation incarnation;
};
struct View {  // the register's newest record; older or repeated ones are ignored
  ViewRecord record;
};
struct Persisted {  // all of Output::persist up to and including this ticket is on disk
  std::uint64_t ticket = 0;
};
struct Executed {  // a frame of Output::execute has been executed, or a state is in; the state machine stands here
  Position position;
  std::uint64_t digest = 0;
  WallTime time = {};  // of the state machine
};
struct Learned {  // learner: a donor's stream is complete up to here (goes into Flush)
  Position position;
};
struct StateInstalled {  // learner, during the flush of `view`: the donor's final state is in (and synced)
  ViewNumber view;
  LamportTime clock;
};
struct Read {  // a linearizable read; token comes back in reads_ready or reads_refused
  std::uint64_t token = 0;
};
struct Tick {};  // at least every heartbeat interval, and at wake_at
// This process did not run for a while, or its machine slept: promises that were made to it may have ended meanwhile.
struct Stalled {};
struct EndOfTurn {
  WallTime wall;
};

}  // namespace input

using Input =
    std::variant<input::Submit, input::Receive, input::Direct, input::DirectLost, input::LinkUp, input::LinkDown,
                 input::Died, input::View, input::Persisted, input::Executed, input::Learned, input::StateInstalled,
                 input::Read, input::Tick, input::Stalled, input::EndOfTurn>;

// A frame to execute now. Executions are in uid order, the same at every replica.
struct Execution {
  FramePtr frame;
  bool answer = false;  // own frames; for direct clients' frames: this is the lowest replica of the view
};

// Everything that the driver has to do. "This output" is everything that step() has appended since the last clear(); "an earlier
// output" is one that was performed before it.
struct Output {
  struct Persist {
    std::uint64_t ticket = 0;
    std::variant<FramePtr, Installed, Voided> what;
  };
  struct Send {
    ReplicaSet to;
    PeerMessage message;
  };
  struct SendClient {
    TransmitterId client;
    ToClient message;
  };
  struct GiveState {  // I am the donor of this flush: send everything beyond `learned` to `to`, with my clock
    ViewNumber view;
    ReplicaId to;
    Position learned;
    LamportTime clock;
  };
  struct AskRegister {  // compare-and-set from `expected` to its successor without these (none: same
                        // replicas)
    ViewNumber expected;
    ReplicaSet without;
    std::string reason;
    bool certain = false;  // what those in `without` hold was compared; else they are silent, or nobody is left out
    std::vector<Incarnation> dead = {};  // of those without, certainly
  };
  struct Cut {  // close this connection: what came over it is against the protocol
    std::variant<ReplicaId, TransmitterId> who;
    std::string reason;
  };
  struct Stop {  // this replica must not go on
    enum class Why {
      kExcluded,  // it starts again and learns
      kWrong,     // its state is wrong, also on disk: it discards the state, restarts and learns
      kLost,      // no replica has everything that was acknowledged: an operator has to choose
    } why = Why::kExcluded;
    std::string reason;
  };

  // Before: nothing. Append to one log, in the order of tickets: so a disk that has a frame of a view also has the line that
  // the view was installed, ahead of it. After: Input Persisted once a ticket is synced, in this turn or a later one.
  // No other field waits for that sync.
  std::vector<Persist> persist;
  // Before: nothing. No message depends on an execution or on a sync of the same output.
  std::vector<Send> send;
  // Before: `execute` of all earlier outputs. After each: Input Executed, so that all replicas compare the same positions
  // (I10). The results of a frame with `answer` go to its clients when it is executed; nothing has to be sent or synced
  // first.
  std::vector<Execution> execute;
  // Before: `execute` of this and of all earlier outputs; the state given is the one that they lead to.
  std::vector<GiveState> give_state;
  // Before: nothing. To one client in order.
  std::vector<SendClient> send_client;
  // Before: `execute` of this and of all earlier outputs. Read the state, and only then call read_lease(now, asked),
  // where `asked` is the time at which the Read was stepped. True: answer. False: wait for the lease, or refuse (§5).
  std::vector<std::uint64_t> reads_ready;
  // Before: nothing. This is not a replica (yet): answer kUnavailable.
  std::vector<std::uint64_t> reads_refused;
  // Before: nothing. Drop an ask that leaves members out while the state here is not durable (§7, rule 4): it is repeated.
  std::vector<AskRegister> ask;
  // Before: `execute` of this and of all earlier outputs, so that the state is the one with which the view begins.
  std::vector<ViewRecord> installed;
  // Before: `send` and `send_client`, so that what was said over the connection goes out ahead of the reason.
  std::vector<Cut> cut;
  // Last. The process ends; nothing more is stepped.
  std::optional<Stop> stop;
  // Tick no later than this; the earliest of all outputs since the last Tick counts.
  std::optional<BootTime> wake_at;

  void clear();
};

// The values that status and metrics show.
struct Snapshot {
  ViewNumber installed;
  ViewNumber target;  // being flushed to; == installed when none
  // The newest known view is installed here, and all its members say that they installed it: each has the whole state.
  bool settled = false;
  bool full = false;
  bool wedged = false;
  LamportTime clock;
  std::uint64_t frames_sent = 0;  // own frames, null ones included
  std::uint64_t null_frames_sent = 0;
  std::uint64_t frames_executed = 0;
  std::size_t frames_held = 0;  // in memory: not yet safe or not yet executed
  std::size_t unsafe_own_frames = 0;
  std::size_t pending_requests = 0;
  std::size_t active_clients = 0;
  ViewRecord view;                 // the installed one
  WallTime wall;                   // what frames are stamped with
  std::int64_t wall_ahead_ms = 0;  // this machine's clock, of the median of the members'
  std::string wall_fault;          // why it is not believed; empty: it is
};

// The standing of a frame at this replica. Both are true for a frame of an earlier view, which is settled.
struct FrameStatus {
  bool stable = false;  // §2.4
  bool safe = false;    // §2.5
};

class Replica {
 public:
  // `initial`: the view that the cluster is born with if it has this incarnation as a member — then this is a
  // full replica with empty state; otherwise it starts as a learner and must be given state (§6).
  Replica(Options options, ViewRecord initial);
  // After a total failure (§7): a full replica that starts with the frames on its disk. It is wedged. The first input must be
  // the View that has this incarnation as a member. The state machine must have executed up to last_executed.
  Replica(Options options, const Recovered& recovered);
  ~Replica();
  Replica(Replica&&) noexcept;
  Replica& operator=(Replica&&) noexcept;

  // `now`: microseconds of CLOCK_BOOTTIME, never falling, read after the message of a Receive had arrived (the
  // lease that it grants counts from there). Appends to `out`.
  void step(BootTime now, const Input& input, Output& out);

  // Would a Submit of this many body bytes be taken now? False: answer `busy` (flow limits, §2.9) or, for a
  // replica that is not full, `unavailable`.
  [[nodiscard]] bool accepts(std::size_t body_bytes) const;
  // A direct client that is active: if its connection is lost now, the others are held up (§3).
  [[nodiscard]] bool waits_for(TransmitterId client) const;

  // True: a value that was read from the state before this call may be answered to a read that arrived at `asked` (§5). With
  // Options::confirm_reads a default `asked` confirms nothing.
  [[nodiscard]] bool read_lease(BootTime now, BootTime asked = {}) const;
  // For readers on other threads: all but last_turn, which the driver knows. `executed` is what Output::execute leads to.
  [[nodiscard]] ReadTerms read_terms() const;

  // A replica with the whole state; false: a learner. These two are snapshot()'s without the rest.
  [[nodiscard]] bool full() const;
  [[nodiscard]] bool wedged() const;
  // Why it neither executes nor answers: its state differs from another's, and it is not known which is wrong (I10).
  // Empty: it does.
  [[nodiscard]] const std::string& dispute() const;
  [[nodiscard]] Snapshot snapshot() const;
  [[nodiscard]] std::vector<Lag> lags() const;  // of the other members
  // Of a full replica, for the state that has executed all of Output::execute so far.
  [[nodiscard]] Checkpoint checkpoint() const;
  // For tracing: the status of a frame that was sent or received here.
  [[nodiscard]] FrameStatus frame_status(ViewNumber view, Uid uid, Seq seq) const;
  [[nodiscard]] const Options& options() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
  friend class Invariants;
};

}  // namespace titer::smr
