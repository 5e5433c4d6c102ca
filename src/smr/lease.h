// SPDX-License-Identifier: Apache-2.0

// Leases: both sides of the read lease, which ride on the heartbeats (§5).
//
// Only local reads need a lease; writes are fenced by the wedge. A heartbeat carries its sender's own clock;
// the receiver gives that reading back and thereby promises to report no `done` for a view without the sender
// until kReadLeaseUs after it received it. So no two clocks are compared, only their rates (1 % is allowed
// for).
//
// The lease needs the echo of every other member of the *newest known* view with this replica in it, not of the
// installed one. A replica that has reported done for w, in which j joins, must count j: a later view may consist of
// j alone, and of all its members only j has promised anything. Members that the newest view lacks need not be
// counted: the excluded never come back as the same incarnation.
//
// The clock of a virtual machine stands still while the machine is paused. A replica that notices (its process did not run,
// its clocks disagree, the others' clocks went on: distrust) needs an echo of a reading that it has sent since. With
// Options::confirm_reads every read needs one of a reading that was sent after it was asked.
//
// A replica that restarts from its disk has no lease before it has installed a view: the disk may have gone back in time, and
// lack answered requests. Only the flush shows that, and brings what the others still have (§7.7).
//
// Thread rule: none; belongs to its replica.
// Invariants: no promise to an incarnation that is not in the newest known view; I8 follows from lapse().
#pragma once

#include <array>
#include <vector>

#include "base/limits.h"
#include "smr/replica_context.h"
#include "smr/windowed_max.h"

namespace titer::smr {

class Leases {
 public:
  struct Heard {
    bool first = false;        // reading of this sender: answer immediately so that its lease begins
    bool stood_still = false;  // this replica's clock, while the sender's went on: distrust()
  };
  // A heartbeat came; one of a process that the newest known view lacks counts for nothing.
  Heard heard(ReplicaContext& c, ReplicaId from, Incarnation incarnation, const Heartbeat& beat);
  // An earlier life may have granted leases until now, nobody knows to whom: it need not have been a member of the view
  // that the disk has, and need not be dead because the members of the last view are.
  void inherit(BootTime now) { inherited_until_ = BootTime(now.value + limits::kReadLeaseUs); }
  // These are dead, so no lease of theirs is left.
  void forget(const std::vector<Incarnation>& known_dead);

  // What the heartbeat to `peer` gives back; 0 when nothing is granted.
  [[nodiscard]] BootTime echo_for(const ReplicaContext& c, ReplicaId peer) const;
  // May this replica answer now what was asked at `asked`?
  [[nodiscard]] bool held(const ReplicaContext& c, BootTime now, BootTime asked) const;
  // This replica was not running: readings before now prove nothing, because its clock may have stood still.
  void distrust(BootTime now) { trusted_since_ = now; }
  // Until when a promise to somebody outside the newest known view, not known to be dead, binds this replica; <= now: no
  // longer.
  [[nodiscard]] BootTime lapse(const ReplicaContext& c) const;

 private:
  struct Peer {
    Incarnation incarnation;
    BootTime theirs;     // newest reading received
    BootTime mine;       // newest own reading that came back
    WindowedMax<> lead;  // of the sender's clock, in µs
  };
  struct Grant {
    Incarnation incarnation;
    BootTime until;
  };
  void grant(Incarnation incarnation, BootTime now);

  std::array<Peer, limits::kReplicasMax> peers_{};  // of the incarnation in the newest known view
  BootTime inherited_until_;
  BootTime trusted_since_;
  std::vector<Grant> grants_;  // one per incarnation; lapsed ones are dropped when another is given
};

}  // namespace titer::smr
