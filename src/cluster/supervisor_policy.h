// SPDX-License-Identifier: Apache-2.0

// SupervisorPolicy: every decision of the supervisor of a cluster on one machine — who is a member, who is killed, who is
// started again, and who hears of which record — as a state machine without I/O.
//
// Inputs are what the supervisor's driver sees: a replica was started, said something, or has died; the operator wants
// something; a moment has passed; the register is on disk. Outputs are actions, which the driver performs in their order
// (next()). Time comes as a parameter. So the product (supervisor.h, with processes, sockets and files) and the simulator
// (sim/sim_register.h) decide alike, and each rule is tested without a process.
//
// The rules (docs/explanation/protocol.md §4, §7):
//   - It is the parent of the replicas, so a replica that dies is known to be dead at once, not suspected. A replica that
//     hangs is killed first, and excluded when its death is certain. So whoever is excluded is known to be dead, and no read
//     lease need be waited for. The exception is a replica that asks to leave.
//   - A member *holds the state* when it is alive and known to have the complete state: it began with it, or has reported it.
//     With durability `disk` a record none of whose members holds the state is never published. A joiner is a member before it
//     has everything; if all others die before that, the record stays, and either they restart from their disks or the
//     joiner comes to hold the state and continues.
//   - For the same reason the last member that holds the state is never killed for being silent, or because another one asks.
//     When all members are silent, it is the machine that is slow, and they get ten times the patience.
//   - Nobody hears of a record before it is on disk (Save). So the cluster can be restarted after everything was killed: each
//     replica first says what its disk has (Inventory), and the members of the last view restart from it (view/restart.h);
//     the others learn from them. In memory there is no inventory, and a replica hears of the record when it is connected.
//   - Learners join together, when each member has installed the newest view: a view costs a flush.
//   - A replica that ends without a command is started again (restart_backoff.h). One that the operator killed stays dead until
//     `start`, and so does one whose disk refused the start.
//
// Invariants: record numbers only grow; a process is in at most one slot; each member of the record was started here.
// Cost: a few comparisons per replica and input. Thread rule: its owner's. Copies are independent.
// Errors: what cannot be done for the operator is said in a sentence (Status). No input can break an invariant.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/ids.h"
#include "base/limits.h"
#include "base/result.h"
#include "cluster/register_file.h"
#include "cluster/restart_backoff.h"
#include "smr/types.h"
#include "wire/codec.h"

namespace titer::cluster {

using ReplicaIndex = std::uint16_t;

// How many pings in a row a replica may leave unanswered. Ticks are counted, not time: a supervisor that did not run
// blames nobody.
struct PingPatience {
  unsigned member = 14;    // 700 ms of the product's ticks
  unsigned all = 140;      // a member, when all of them are silent: 7 s
  unsigned others = 2400;  // one that starts, or learns: nobody waits for it. 2 minutes
};

// --- actions
struct Save {};  // the register (state()) on disk; then saved(), before any other input
struct Tell {    // a replica, of the record
  ReplicaIndex replica = 0;
  smr::ViewRecord record;
};
struct Kill {  // then died(), when its death is certain
  ReplicaIndex replica = 0;
};
struct Stop {  // tell it to end
  ReplicaIndex replica = 0;
};
struct Start {  // a new process, then started()
  ReplicaIndex replica = 0;
};
struct Say {  // to the operator
  std::string text;
};
using Action = std::variant<Save, Tell, Kill, Stop, Start, Say>;

class SupervisorPolicy {
 public:
  struct Options {
    ReplicaIndex replicas = 3;
    bool durable = true;
    bool restart = true;  // replicas that end without a command
    std::string logs;     // directory of their logs, for sentences
    PingPatience patience = {};
    std::size_t known_dead_max = limits::kKnownDeadMax;  // that a record names; fewer in simulations
  };
  struct Death {
    ReplicaIndex replica = 0;
    std::string how;  // for people
  };

  SupervisorPolicy(Options options, RegisterState state);

  // --- inputs from replicas
  // A process was started for this replica. `bootstraps`: it begins with the complete state, which is the empty one.
  void started(const smr::Member& process, bool bootstraps);
  // It can be told something: it has just been started, or is connected again.
  void connected(ReplicaIndex replica);
  void inventory(ReplicaIndex replica, wire::Inventory inventory);
  void pong(ReplicaIndex replica, const wire::Pong& pong);
  void ready(ReplicaIndex replica);
  void compare_and_set(ReplicaIndex replica, const wire::CompareAndSet& ask);
  // These processes have ended, all those whose end was found together: they leave in one view change.
  void died(BootTime now, const std::vector<Death>& deaths);
  // Nothing more comes from it. `last_words`: why it stopped by itself; empty: it did not say.
  void disconnected(BootTime now, ReplicaIndex replica, const std::string& last_words);

  // --- inputs from time and disk
  // Now each replica is sent a ping.
  void tick(BootTime now);
  void saved(const Status& written);
  // All replicas of a new cluster serve.
  void bootstrapped();
  // The supervisor ends: nobody is started, excluded or reported any more.
  void end() { ending_ = true; }

  // --- inputs from the operator
  // kNotFound: no such index; kDuplicate: it has failed already; kNotEnough: it is the last one that holds the state.
  [[nodiscard]] Status kill(std::uint32_t index);
  // The operator starts a replica now. kNotFound: no such index; kDuplicate: it runs.
  [[nodiscard]] Status may_start(std::uint32_t index);

  // --- outputs
  // The next action; nullopt: there is none.
  [[nodiscard]] std::optional<Action> next();
  [[nodiscard]] const std::deque<Action>& actions() const { return actions_; }

  [[nodiscard]] const RegisterState& state() const { return state_; }
  [[nodiscard]] const smr::ViewRecord& record() const { return state_.record; }
  [[nodiscard]] bool is_saved() const { return saved_; }
  // A view has been told to the replicas.
  [[nodiscard]] bool begun() const { return begun_; }
  // Why the cluster cannot restart; empty: nothing is known to prevent it.
  [[nodiscard]] const std::string& obstacle() const { return obstacle_; }
  [[nodiscard]] std::size_t size() const { return slots_.size(); }
  [[nodiscard]] std::size_t processes() const;
  [[nodiscard]] bool has_process(ReplicaIndex replica) const { return slots_[replica].alive; }
  // Its process, or the last one it had.
  [[nodiscard]] Incarnation incarnation(ReplicaIndex replica) const { return slots_[replica].process.incarnation; }
  [[nodiscard]] bool has_ponged(ReplicaIndex replica) const { return slots_[replica].has_ponged; }
  [[nodiscard]] const wire::Pong& last_pong(ReplicaIndex replica) const { return slots_[replica].pong; }
  [[nodiscard]] bool member(ReplicaIndex replica) const;
  // Members that say that they have the complete state, and are not about to die: at least one must stay.
  [[nodiscard]] std::size_t alive() const;
  // It has been told of a record, so it is decided whether it is a member or learns.
  [[nodiscard]] bool told(ReplicaIndex replica) const { return slots_[replica].told; }

 private:
  struct Slot {
    smr::Member process;
    bool alive = false;
    std::optional<wire::Inventory> inventory;  // durable: what its disk has
    bool told = false;                         // a record
    bool told_to_learn = false;                // what it has said of its disk counts no more
    bool has_ponged = false;                   // it is up
    bool has_state = false;                    // it began with the complete state, or has reported it
    bool ready = false;                        // a learner that is close enough to join
    unsigned pings_missed = 0;
    wire::Pong pong;          // the newest
    bool killed = false;      // on command, or because it cannot be a member
    bool stays_dead = false;  // on command, or its disk refused: not started again
    std::string why;          // it was killed to be excluded
    bool connected = false;   // something may still come from it
    std::string last_words;   // why it stopped by itself
    std::string ended;        // how it did; empty: it lives, or the operator has been told
  };
  struct Restart {
    RestartBackoff backoff;
    std::optional<BootTime> due;  // it is dead and will be started then
  };

  template <typename A>
  void act(A action) {
    actions_.emplace_back(std::move(action));
  }
  void say(std::string text) { act(Say{std::move(text)}); }
  [[nodiscard]] bool counts_alive(ReplicaIndex replica) const;
  [[nodiscard]] static bool dies(const Slot& slot);
  [[nodiscard]] bool holds_state(const smr::Member& one) const;
  [[nodiscard]] bool any_holds_state(const smr::ViewRecord& record) const;
  [[nodiscard]] bool only_holder(ReplicaIndex replica) const;
  [[nodiscard]] bool all_silent() const;
  void exclude(ReplicaIndex replica, const std::string& why);
  void exclude_dead();
  void admit_learners();
  void try_restart();
  [[nodiscard]] bool kill_members_without_state();
  void tell_total_failure();
  void publish(smr::ViewRecord next);
  void tell(ReplicaIndex replica);
  void tell_all();
  void note_dead(Incarnation incarnation);
  void report_end(BootTime now, ReplicaIndex replica);
  [[nodiscard]] std::string restart_later(BootTime now, ReplicaIndex replica);
  void start_due(BootTime now);

  Options options_;
  RegisterState state_;
  std::vector<Slot> slots_;
  std::vector<Restart> restarts_;  // by index
  std::vector<Incarnation> dead_;  // in the order of their deaths; the newest Options::known_dead_max
  std::deque<Action> actions_;
  std::string obstacle_;
  bool saved_ = true;         // state_ is on disk; else nobody has heard of its record yet
  bool save_failed_ = false;  // and the operator has been told
  bool begun_ = false;
  bool ending_ = false;
};

}  // namespace titer::cluster
