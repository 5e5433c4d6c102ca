// SPDX-License-Identifier: Apache-2.0

// SimRegister: the supervisor of a run — the driver of cluster::SupervisorPolicy, as cluster/supervisor.cc is in production,
// with the simulated network instead of sockets and processes.
//
// The product's policy decides which record follows, who is killed, and who restarts. Here are the faults: it may
// be slow, away for a while, or lose an answer: the change has happened, and the replica that asked does not hear of it. And
// here is what makes it the register of several machines as well: by the plan it does not kill whom it excludes (then the
// death is reported to the policy, but the record does not call that process dead), does not see deaths, or admits learners
// while a view change is under way. An excluded process that lives still reads the record.
//
// One thing it knows that no real one does at once: it gives the policy nothing that would leave no living member with the
// state (give()). First it tells of all deaths that the policy has not seen: without durability that would be the failure of t
// replicas, which nobody promises to survive. If that does not help, there must be a disk that has gone back, which nobody
// can tell of one alone (docs/decisions/0030): then the input waits. Else the policy is wrong.
#pragma once

#include <deque>
#include <map>
#include <optional>
#include <set>
#include <vector>

#include "cluster/supervisor_policy.h"
#include "sim/network.h"
#include "sim/scene.h"
#include "wire/codec.h"

namespace titer::sim {

class SimRegister final : public Endpoint, public Handler {
 public:
  SimRegister(Scene& scene, smr::ViewRecord first);

  [[nodiscard]] const smr::ViewRecord& record() const { return record_; }
  // The newest, which may not be saved yet.
  [[nodiscard]] const smr::ViewRecord& next() const { return policy_.record(); }
  [[nodiscard]] bool excluded(Incarnation incarnation) const { return excluded_.contains(incarnation); }
  // It was started with a disk, and has been told a record without it.
  [[nodiscard]] bool told_to_learn(const SimProcess& process) const;
  // Processes were started.
  void adopt();
  // A process has ended.
  void died(Incarnation incarnation);
  // --- faults
  void away(Time length) { away_until_ = scene_.time.now() + length; }
  void back() { away_until_ = 0; }
  // An operator's whim, a wrong suspicion. For so long it hears nothing of it from the register.
  void exclude(SimProcess& process, Time unheard_for = 0);
  // It was killed, and still runs for a moment.
  [[nodiscard]] bool dying(Incarnation incarnation) const { return dying_.contains(incarnation); }

 private:
  using Policy = cluster::SupervisorPolicy;
  using Deaths = std::vector<Policy::Death>;
  enum What : std::uint32_t { kWork, kPing, kDeath, kEnd };
  struct Item {
    ConnectionId connection = 0;
    bool closed = false;
    Bytes bytes;
  };
  struct Link {  // to one process
    ConnectionId connection = 0;
    ReplicaId id;
    Incarnation incarnation;
    std::optional<wire::Inventory> inventory;  // that the policy has not been given yet
  };

  void on_event(std::uint32_t what, std::uint64_t argument) override;
  void on_dialled(Port, ConnectionId) override {}
  void on_accepted(ConnectionId) override {}
  void on_received(ConnectionId connection, Bytes bytes) override;
  void on_closed(ConnectionId connection) override;
  void enqueue(Item item);
  void work();
  void take(Item& item);
  void take_message(ConnectionId connection, const wire::Message& message);
  void greeted(ConnectionId connection, const wire::Hello& hello);
  void compare_and_set(const Link& asker, const wire::CompareAndSet& ask);
  void ready(const Link& learner);
  void be_hasty(Policy& policy) const;
  void tick();
  void give_inventories();
  // False: not given.
  template <typename Input>
  bool give(const Input& input);
  template <typename Input>
  [[nodiscard]] bool leaves_somebody(const Input& input) const;
  [[nodiscard]] bool holds_state(const smr::Member& member) const;
  [[nodiscard]] bool some_hold_state(const smr::ViewRecord& record) const;
  [[nodiscard]] bool some_disk_went_back() const;
  [[nodiscard]] Deaths unseen_deaths() const;
  void perform();
  void perform(const cluster::Save& save);
  void perform(const cluster::Tell& tell);
  void perform(const cluster::Kill& kill);
  void perform(const cluster::Stop&) {}
  void perform(const cluster::Start&) {}
  void perform(const cluster::Say&) {}
  void note_change(const smr::ViewRecord& next);
  void note_restart(const smr::ViewRecord& next);
  void send(const Link& link);
  // The policy's: the process that has this id now.
  [[nodiscard]] bool current(ReplicaId id, Incarnation incarnation) const;
  [[nodiscard]] Link* find(ConnectionId connection);
  [[nodiscard]] BootTime now() const { return BootTime(scene_.time.now()); }
  [[nodiscard]] bool is_away() const { return scene_.time.now() < away_until_; }

  Scene& scene_;
  Node node_;
  Policy policy_;
  smr::ViewRecord record_;  // as it was published
  std::vector<Link> links_;
  std::set<Incarnation> certain_;  // deaths; others that the policy takes for dead may live
  std::set<Incarnation> excluded_;
  std::set<Incarnation> dying_;          // killed, and not dead yet
  std::map<Incarnation, Time> unheard_;  // until then these hear of no record
  std::deque<Item> inbox_;
  Node asker_ = kNoNode;  // whose question is answered
  Time ready_at_ = 0, away_until_ = 0;
  std::uint64_t pings_ = 0;
};

}  // namespace titer::sim
