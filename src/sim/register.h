// Register: the view register of a run — one record, compare-and-set, and the policy around it (docs/protocol.md §4).
//
// It is the one authority and never lies or forgets, but it may be slow, away for a while, or lose an answer: the
// change has happened, and who asked does not hear. What may follow a record is decided by view/record.h, as in
// production. The policy is the plan's: it kills whom it excludes or lets them live, sees deaths as a parent does or
// hears of them from the replicas only, admits learners patiently or in haste.
//
// One thing it knows that no real one does: it never publishes a record without a living member that has the state. That
// would be the failure of t replicas, which nobody promises to survive.
#pragma once

#include <deque>
#include <set>
#include <vector>

#include "sim/network.h"
#include "sim/scene.h"
#include "wire/codec.h"

namespace titer::sim {

class Register final : public Endpoint, public Handler {
 public:
  Register(Scene& scene, smr::ViewRecord first);

  [[nodiscard]] const smr::ViewRecord& record() const { return record_; }
  [[nodiscard]] bool excluded(Incarnation incarnation) const { return excluded_.contains(incarnation); }
  // A process has ended.
  void died(Incarnation incarnation);
  // --- faults
  void away(Time length);
  void back() { away_until_ = 0; }
  void exclude(Process& process);  // an operator's whim, a wrong suspicion

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
    Time heard = 0;
  };

  void on_event(std::uint32_t what, std::uint64_t argument) override;
  void dialled(Port, ConnectionId) override {}
  void accepted(ConnectionId) override {}
  void received(ConnectionId connection, Bytes bytes) override;
  void closed(ConnectionId connection) override;
  void arrived(Item item);
  void work();
  void take(Item& item);
  void take_message(ConnectionId connection, const wire::Message& message);
  void compare_and_set(const Slot& asker, const wire::CompareAndSet& ask);
  [[nodiscard]] bool change(smr::ReplicaSet without, Node asker);
  void admit_learners();
  void publish(smr::ViewRecord next, Node asker);
  void send(const Slot& slot, const smr::ViewRecord& record);
  void ping();
  [[nodiscard]] bool somebody_stays(const smr::ViewRecord& next) const;
  [[nodiscard]] Slot* find(ConnectionId connection);

  Scene& scene_;
  Node node_;
  smr::ViewRecord record_;
  std::vector<Slot> slots_;
  std::vector<Incarnation> dead_;  // certainly
  std::set<Incarnation> excluded_;
  std::deque<Item> inbox_;
  Time ready_at_ = 0, away_until_ = 0;
  std::uint64_t pings_ = 0;
};

}  // namespace titer::sim
