// SPDX-License-Identifier: Apache-2.0

// SimRegister: the view register of a run — one record, compare-and-set, and the policy around it
// (docs/explanation/protocol.md §4).
//
// It is the one authority and never lies or forgets, but it may be slow, away for a while, or lose an answer: the
// change has happened, and the replica that asked does not hear of it. As in production, view/record.h decides
// which record may follow another. The policy is the plan's: it kills whom it excludes or lets them live, sees
// deaths as a parent does or hears of them from the replicas only, admits learners patiently or in haste.
//
// One thing it knows that no real one does at once: it never publishes a record without a living member that has the state.
// Without durability that would be the failure of t replicas, which nobody promises to survive. With it the record stays
// as it is when nobody lives who has the state, until some of its members are started again with their disks: then
// view/restart.h says which members restart from their disks, as in production, once every started process has
// reported what it has (sim_register_restart.cc). A member that lives and never got the state is killed then.
#pragma once

#include <deque>
#include <optional>
#include <set>
#include <vector>

#include "sim/network.h"
#include "sim/scene.h"
#include "view/restart.h"
#include "wire/codec.h"

namespace titer::sim {

class SimRegister final : public Endpoint, public Handler {
 public:
  SimRegister(Scene& scene, smr::ViewRecord first);

  [[nodiscard]] const smr::ViewRecord& record() const { return record_; }
  [[nodiscard]] bool excluded(Incarnation incarnation) const { return excluded_.contains(incarnation); }
  // It was started with a disk, and has been told a record without it.
  [[nodiscard]] bool told_to_learn(const SimProcess& process) const;
  // A process has ended.
  void died(Incarnation incarnation);
  // --- faults
  void away(Time length);
  void back() { away_until_ = 0; }
  void exclude(SimProcess& process);  // an operator's whim, a wrong suspicion

 private:
  enum What : std::uint32_t { kWork, kPing, kDeath };
  struct Item {
    ConnectionId connection = 0;
    bool closed = false;
    Bytes bytes;
  };
  struct Slot {  // one process
    ConnectionId connection = 0;
    ReplicaId id;
    Incarnation incarnation;
    bool ready = false;
    wire::Pong pong;
    std::optional<wire::Inventory> inventory;  // it was started with a disk
    Time heard = 0;
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
  void compare_and_set(const Slot& asker, const wire::CompareAndSet& ask);
  [[nodiscard]] bool change(smr::ReplicaSet without, Node asker);
  void admit_learners();
  void publish(smr::ViewRecord next, Node asker);
  void send(const Slot& slot, const smr::ViewRecord& record);
  void ping();
  void on_inventory(const Slot& slot);
  void try_restart();
  [[nodiscard]] bool all_gone_back(const smr::ViewRecord& next) const;
  [[nodiscard]] std::optional<std::vector<view::Returned>> returned() const;
  void restart(const std::vector<view::Returned>& returned, smr::ViewRecord next);
  [[nodiscard]] bool may_hear(const Slot& slot) const;
  [[nodiscard]] bool somebody_stays(const smr::ViewRecord& next) const;
  [[nodiscard]] Slot* find(ConnectionId connection);

  Scene& scene_;
  Node node_;
  smr::ViewRecord record_;
  std::vector<Slot> slots_;
  std::vector<Incarnation> dead_;  // certainly
  std::set<Incarnation> excluded_;
  std::set<Incarnation> told_;  // was sent a record
  std::deque<Item> inbox_;
  Time ready_at_ = 0, away_until_ = 0;
  std::uint64_t pings_ = 0;
};

}  // namespace titer::sim
