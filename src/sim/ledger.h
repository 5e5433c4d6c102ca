// SPDX-License-Identifier: Apache-2.0

// Ledger: what all replicas of a run did, the dead ones included, held against the promises (docs/explanation/protocol.md §4).
//
// It stands outside of the replicas and believes none of them: everything here comes from frames on their way, from
// executions as they happen, and from what clients were told.
//
//   I1   every frame that anybody sends or relays under a name (view, transmitter, seq) is the same frame
//   I2   executed sequences are prefixes of one another: one log of (uid, request, result), which each replica follows
//   I3   when a replica answers, every member of the frame's view has got the frame (with durability: on disk)
//   I4   one record per view number
//   I5   a replica that knows the next view sends no new frame of the one before
//   I6   all that install a view stand at the same position, and behind every answered request of earlier views
//   I9   (session, number) has one effect, and so has an idempotency key; a repetition gets the first result
//   I10  equal positions, equal digests
//   answered  what a client is told is what the log says
//   reads     no read is older than what was answered before it began
//   registry  results and states are those of the registry's model (reference.h)
//
//        and a disk from which the cluster could restart has every answered request, executed or held
//   I7   no frame leaves a journal that a member of its view may lack, and a disk gives back all that was synced
//
// That nothing leaves memory too early (I7) shows here as a frame that nobody can relay; I8 (leases) is looked at where a
// view is installed (sim_process_observer.cc), because it needs the living replicas themselves.
// Cost: one log entry per request and a hash per frame. Thread rule: one thread.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "sim/reference.h"
#include "sim/stage.h"
#include "smr/checkpoint.h"
#include "smr/types.h"

namespace titer::sim {

class Ledger {
 public:
  explicit Ledger(Stage& stage) : stage_(stage), reference_(stage.plan.limits().history, stage.plan.seed) {}

  struct Done {  // one request, executed at one replica
    SessionId session;
    RequestNumber number;
    std::uint64_t request = 0, result = 0;  // hashes
    bool repeated = false;
    bool forgotten = false;  // repeated, and the answer was that the result is no longer kept
    std::string key;         // idempotency key
    bool reused = false;     // … that another request had before, so it was not executed
    // For who asked: it had no effect, and is judged again when it comes again (docs/decisions/0032).
    bool refused = false;
  };

  // --- replicas. `who` is the process's incarnation
  void executed(Incarnation who, Position position, const smr::Frame& frame, const Done& done);
  void stands(Incarnation who, Position position, std::uint64_t digest);
  void received_state(Incarnation who, Position position);                // a learner, from a final state
  void sent(Incarnation who, const smr::Frame& frame, ViewNumber known);  // its own, to the others
  void made(Incarnation who, const smr::Frame& frame);  // its own; of a replica alone nobody else hears
  void relayed(const smr::Frame& frame);
  // A direct client that lies sends this in place of what sent() was told of under the same name.
  void lied(const smr::Frame& frame);
  void holds(Incarnation who, const smr::Frame& frame);
  // Durable: what is beyond this counts nowhere, and the disk need not give it back.
  void voided(Incarnation who, const smr::Voided& line);
  // The request is answered now. `known`: the newest record that the replica has.
  void answers(Incarnation who, const smr::Frame& frame, const smr::ViewRecord& known);
  void installed(Incarnation who, ViewNumber view, Position position);
  // Durable: what this says that all members hold leaves its journal.
  void forgets(Incarnation who, const smr::Checkpoint& checkpoint);
  // A disk gives back what these lives held in the view that they had installed last.
  void given_back(const std::vector<Incarnation>& lives, const smr::Recovered& found);
  // The disk of a member of the newest record: the cluster could restart from it alone.
  void could_begin(Incarnation member, Position position, const smr::Recovered& found);
  // `who` resumes from it.
  void begins_again(Incarnation who, const smr::Recovered& found);
  void published(const smr::ViewRecord& record);

  // --- clients
  // This session's births are lies, so nothing is promised of its requests but that all replicas treat them alike.
  void lies(SessionId session) { lying_.insert(session); }
  void answered(SessionId session, RequestNumber number, ByteView result, Position position);
  // Refused for who asks, which need not have been executed: it is judged as a read (docs/decisions/0032). `floor`: of when it
  // was asked.
  void refused(SessionId session, RequestNumber number, const registry::Outcome& outcome, ByteView result,
               ByteView body, Position floor);
  // What a read that begins now must not miss, and what it has seen.
  [[nodiscard]] Position floor() const { return acknowledged_; }
  void read(Position floor, Position seen, ReplicaId who);

  [[nodiscard]] Position length() const { return Position(log_.size()); }
  [[nodiscard]] std::uint64_t answers() const { return answers_; }
  [[nodiscard]] std::uint64_t reads() const { return reads_; }
  [[nodiscard]] std::uint64_t frames() const { return frames_; }
  [[nodiscard]] const smr::ViewRecord* record(ViewNumber view) const;
  // What the registry is after the log. Fails where this state, which has executed all of it, is another one.
  [[nodiscard]] const Reference& reference() const { return reference_; }
  void compare(Incarnation who, const registry::State& state, bool whole);

 private:
  using Stream = std::pair<ViewNumber, TransmitterId>;
  struct Entry {
    smr::Uid uid;
    ViewNumber view;
    Done done;
    std::uint64_t digest = 0;  // of the state behind it; 0: nobody said
    Incarnation first;         // who executed it first
  };
  void append(Incarnation who, const smr::Frame& frame, const Done& done);
  // False: nothing more is to be checked of it.
  [[nodiscard]] bool check_key(const Done& done);
  [[nodiscard]] Seq held(Incarnation who, ViewNumber view, TransmitterId transmitter) const;
  [[nodiscard]] bool was_full(Incarnation who, ViewNumber view) const;
  [[nodiscard]] bool same_frame(const smr::Frame& frame, bool may_be_new, bool& is_new);

  Stage& stage_;
  Reference reference_;
  std::vector<Entry> log_;                                           // position 1 first
  std::map<std::pair<SessionId, RequestNumber>, Position> effects_;  // of what took effect
  std::set<SessionId> lying_;
  std::map<std::string, Position> keyed_effects_;                               // by idempotency key
  std::set<std::pair<std::pair<SessionId, RequestNumber>, Position>> refused_;  // each time, for who asked
  std::map<Stream, std::vector<std::uint64_t>> names_;                          // hash of every frame sent, by seq
  std::set<std::pair<Stream, std::pair<Seq, std::uint64_t>>> lies_;  // likewise, of frames that are also called so
  std::map<std::pair<Incarnation, Stream>, Seq> held_;               // without gaps
  std::map<ViewNumber, Position> installed_at_;
  std::set<std::pair<Incarnation, ViewNumber>> installs_;
  std::map<ViewNumber, Position> acknowledged_in_;  // highest answered position of each view
  std::map<ViewNumber, smr::ViewRecord> records_;
  Position acknowledged_;
  std::uint64_t answers_ = 0, reads_ = 0, frames_ = 0;
};

}  // namespace titer::sim
