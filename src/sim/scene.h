// SPDX-License-Identifier: Apache-2.0

// Scene: one run's cast — replica processes, the register, clients — and what the parts ask about one another.
//
// Only the environment (register, faults, checkers) looks at a process from outside; processes know one another by
// bytes alone. No process is removed during a run: a dead one stays here.
#pragma once

#include <array>
#include <memory>
#include <string>
#include <vector>

#include "base/ids.h"
#include "base/limits.h"
#include "check/history.h"
#include "sim/ledger.h"
#include "sim/network.h"
#include "sim/stage.h"

namespace titer::sim {

class SimDisk;
class SimProcess;
class SimRegister;
class ThinClient;
class DirectSender;
class Follower;
class RudeClient;

inline constexpr Port kRegisterPort = limits::kReplicasMax;  // below: a replica's id
inline constexpr Host kRegisterHost = limits::kReplicasMax;  // below: a replica's host
inline constexpr Host kFirstClientHost = kRegisterHost + 1;
inline constexpr Time kRedialUs = 50'000;  // from a broken link to the next attempt

struct Scene : Stage {
  Scene(const Plan& plan_of, Observer* by);
  ~Scene();
  Scene(const Scene&) = delete;
  Scene& operator=(const Scene&) = delete;

  [[nodiscard]] const smr::ViewRecord& record() const;  // the register's
  [[nodiscard]] SimProcess* find(Incarnation incarnation);
  // The living process that has this id now; null: none. An excluded one that lingers does not count.
  [[nodiscard]] SimProcess* holder(ReplicaId id);
  // t-1 failures are survived, not t: a living member of the newest view has the whole state when this one is gone. In a
  // durable cluster all processes may end: then the disk of a member of the newest view must be there.
  [[nodiscard]] bool may_lose(const SimProcess& process) const;
  // A new process under this id: a learner, or with the disk of the one before it.
  void spawn(ReplicaId id);
  [[nodiscard]] std::shared_ptr<SimDisk> new_disk(ReplicaId id);
  // Every process that lives now ends within this time; of those that are excluded and linger, some do not.
  void end_all(Time within);
  // … by chance: something is happening in which it is worth trying.
  void maybe_end_all();
  // The disk of this replica as it is now: it may be put back to that when its process is started again.
  void keep_disk(ReplicaId id);
  [[nodiscard]] Host client_host() { return kFirstClientHost + (clients_born++ % (kHostsMax - kFirstClientHost)); }
  void tell_fault(std::string_view text, Node who = kNoNode, Node peer = kNoNode);

  Network network;
  Ledger ledger;
  check::History history;
  std::unique_ptr<SimRegister> view_register;
  std::vector<std::unique_ptr<SimProcess>> processes;
  std::vector<std::unique_ptr<ThinClient>> thin;
  std::vector<std::unique_ptr<DirectSender>> direct;
  std::unique_ptr<Follower> follower;                                // null: this run has none
  std::unique_ptr<RudeClient> rude;                                  // likewise
  std::array<std::shared_ptr<SimDisk>, limits::kReplicasMax> disks;  // durable: of each id, the newest
  bool working = false;                                              // clients make requests
  bool winding_down = false;                                         // nothing new fails
  std::uint32_t clients_born = 0;
  std::string used_key;  // an idempotency key of a request that is done
  Position undoable;     // of a request that is done, and concerned a site that is not compared for linearizability

 private:
  // A member of the record that the next one has too, which may be on its way to the register's disk.
  [[nodiscard]] bool stays(const smr::Member& member) const;
  // A living member has the state; one that has died, or is about to, does not count.
  [[nodiscard]] bool another_lives(const SimProcess* gone) const;
  // The disk of a member of the newest view is there, and the cluster could restart from it.
  [[nodiscard]] bool disk_left(const SimProcess* gone, const SimDisk* wiped) const;
  [[nodiscard]] const SimProcess* user_of(const SimDisk* disk) const;
  [[nodiscard]] std::shared_ptr<SimDisk> disk_for(ReplicaId id);
  // There is one to be put back, and nothing is lost by it that others do not have.
  [[nodiscard]] bool may_put_back(ReplicaId id) const;

  std::array<std::shared_ptr<SimDisk>, limits::kReplicasMax> kept_;
};

}  // namespace titer::sim
