// SPDX-License-Identifier: Apache-2.0

// Transfer: how state gets from a full replica (donor) to one that joins (learner).
//
// Pre-copy, as in live migration: the learner asks one full replica for everything; the donor sends its sites piece by
// piece between its turns, then in further passes what changed meanwhile, and so on; in the flush of the view that takes
// the learner in, the rest, in pieces too. The donor never stops and never copies its state. Its correctness does not
// depend on the order of the pieces: the final part carries the digest of the complete state. docs/decisions/0002 has the
// reasons, docs/explanation/protocol.md §6 the rule; machine/join_readiness.h decides when a learner joins.
//
// Limits: about kWaitingMax bytes wait on the link of a learner; a pass at most every kPassEveryUs.
// Errors: the process of a learner ends if its final digest differs, or if it receives a malformed piece.
// Thread rule: the loop's thread.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "base/limits.h"
#include "machine/join_readiness.h"
#include "node/engine.h"
#include "node/execution_log.h"
#include "node/peers.h"

namespace titer::node {

class Donor {
 public:
  // `piece_bytes`: about, of each message.
  Donor(net::Environment& env, Engine& engine, Peers& peers, ExecutionLog& log, std::size_t piece_bytes);

  void handle_want(ReplicaId learner, ByteView payload);
  void forget(ReplicaId learner) { learners_[learner.value].reset(); }
  // Once a turn: sends the next pieces to whoever learns.
  void on_turn(BootTime now);
  // The flush of a view wants the final state sent: from this turn on, as the link takes it, unless that flush ends before.
  void send_final_state(const smr::Output::GiveState& ask);

 private:
  static constexpr std::size_t kWaitingMax = std::size_t{1} << 20;
  static constexpr std::int64_t kPassEveryUs = 20'000;

  struct Learner {
    wire::TransferWant want;
    std::optional<machine::Machine::Cursor> cursor = {};  // none: this replica is not full itself yet
    std::uint64_t log_sent = 0;                           // bytes of the execution log
    BootTime next_pass = {};

    [[nodiscard]] bool gets_final_state() const { return cursor && cursor->view != ViewNumber(); }
  };
  // False: it needs no more from here.
  [[nodiscard]] bool give(ReplicaId to, Learner& learner, BootTime now);
  [[nodiscard]] bool outdated(const Learner& learner) const;

  net::Environment& env_;
  Engine& engine_;
  Peers& peers_;
  ExecutionLog& log_;
  std::size_t piece_bytes_;
  std::array<std::optional<Learner>, limits::kReplicasMax> learners_;
};

class Learner {
 public:
  struct Events {
    std::function<void(Position learned)> ready;  // close enough to become a member
    std::function<void(ViewNumber view, LamportTime clock)>
        final_state;                                 // of the flush of that view: it is complete
    std::function<void(const std::string&)> failed;  // this process must start over
  };
  Learner(Engine& engine, Peers& peers, ExecutionLog& log, Events events);

  // What its disk has; before the first turn.
  void knows(Position position);
  // Once a turn: asks somebody if nobody gives. `record`: where the full replicas are.
  void on_turn(const smr::ViewRecord& record);
  void on_peer_down(ReplicaId peer);
  // `newest`: the newest known record. A final state of any other view, or of one without this process (its index had
  // another incarnation then), is not meant for it.
  void handle_part(ReplicaId from, ByteView payload, const smr::ViewRecord& newest);
  void handle_log_part(ByteView payload);

  [[nodiscard]] Position learned() const { return learned_; }
  [[nodiscard]] bool has_donor() const { return donor_.has_value(); }
  // Of the first pass, 0 … 100.
  [[nodiscard]] unsigned percent() const { return percent_; }
  [[nodiscard]] const machine::JoinReadiness& readiness() const { return readiness_; }

 private:
  static constexpr std::int64_t kTellDelayUs = 30'000'000;

  void pass_ended(const smr::ViewRecord& newest);
  [[nodiscard]] bool linked_with(const smr::Member& member) const;
  // A member that does not hear all others would have to leave again (§4).
  [[nodiscard]] bool linked_with_all(const smr::ViewRecord& record) const;

  Engine& engine_;
  Peers& peers_;
  ExecutionLog& log_;
  Events events_;
  std::optional<ReplicaId> donor_;
  std::optional<ReplicaId> unfinished_from_;  // whose last part says that its body goes on in the next
  Position learned_;
  machine::JoinReadiness readiness_;
  BootTime told_delay_at_;
  unsigned percent_ = 0;
};

}  // namespace titer::node
