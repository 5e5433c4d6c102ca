// SPDX-License-Identifier: Apache-2.0

// StartupStep: decides what a process that has just started does with the cluster's record (bootstrap, resume from its
// disk, learn, or wait) as a pure function of the record, of its disk's contents, and of how long it has waited.
//
// One step at a time: a change of the record is proposed, and when the register has a newer record (with that change, or
// with somebody else's) the question is asked again. A process may crash between any two steps; the next one begins from
// the record and the disk alone. Why each crash point is safe:
//   - Bootstrapping. The incarnation is noted on disk *before* it is written into the record. Crash before the
//     record: the next process bootstraps again. Crash after: the record has one member, whose life the note names,
//     and whose disk is incomplete; so nothing was ever answered, and the next process takes its place. A process
//     that finds a record with members and has no such note never bootstraps.
//   - Resuming (docs/explanation/protocol.md §7). A process whose disk is complete, and whose dead life the record
//     knows, says so in `returned`. The others of that view, if they live, see its link break and exclude the dead
//     life: then it learns. If all members of the view have answered, or if after kGraceUs more than half of them
//     have returned with their disks, those that are there restart. They may even if others live that cannot reach
//     the register: every answered write is on their disks, nothing can be answered in the old view without them,
//     and read leases that their dead lives granted are over by then (smr waits for D besides).
//   - Why not any one alone: a disk that has gone back in time (a snapshot of a virtual machine) looks intact. Beside an
//     intact one it is recognised (smr/flush.h); alone it is not, so a minority waits for the others or for an
//     operator (docs/decisions/0030). Alone it is recognised too if it is below its mark in the record.
//   - A member that lives and has not got the state yet, when all members that have it were restarted: it can neither exclude
//     the dead nor be waited for. It ends (gives_way()), and its next process answers in `returned` that it has nothing.
//   - A restart that fails. Its members answer nobody before the record says that it is over (cluster_record.h). Until then
//     every disk of the view before has everything, so a replica that returns counts although the view is another by now; the
//     disks of those that began may be lost. A member that has not installed the view does not remove others for their
//     silence so that a minority would be left: it stops, and its next process begins the restart again.
//   - A backup as the beginning (`titer restore --config`). The disk is written first, as that of the only member
//     of view 0. Then the record names it, by compare-and-set, if no process has started yet; from there it resumes
//     as above. Crash in between, or another process has bootstrapped: a disk of view 0 that the record does not
//     know. Only a restored backup has view 0: a bootstrapping process always starts at view 1. A process with such
//     a disk never bootstraps, and never learns either: it holds another history.
//   - Learning changes nothing until somebody gives state.
//
// Pure. Errors: kRefuse has a sentence for the operator.
#pragma once

#include <string>
#include <vector>

#include "view/cluster_record.h"

namespace titer::view {

// The process, as the question sees it.
struct StartingProcess {
  smr::Member now;                              // address: its wire address, as configured
  wire::Inventory inventory;                    // of its disk; nothing when it keeps everything in memory
  bool empty = true;                            // nobody has lived on its disk
  std::vector<Incarnation> bootstrap_attempts;  // noted: of processes on this disk that were about to bootstrap
  bool any_may_restart =
      false;  // as the operator configured: a minority does not wait for the others after kGraceUs
};

struct StartupStep {
  enum class Kind {
    kRefuse,     // this process cannot be of this cluster: `why` says what to do
    kChange,     // propose `next`, then ask again
    kWait,       // for others, or for time to pass: `why`
    kBootstrap,  // it is the first member of a new cluster
    kResume,     // it restarts from its disk, with the other members
    kLearn,      // from those who are members; `why`: its disk would count otherwise
  };
  Kind kind = Kind::kWait;
  std::string why = {};
  NextRecord next = {};
  bool bootstraps = false;  // kChange: note the incarnation on disk first
};

// After its own announcement, and well above the read lease: a replica that has not returned by then is not waited
// for.
inline constexpr std::int64_t kGraceUs = 5'000'000;

// `waited_us`: since this process announced itself.
[[nodiscard]] StartupStep decide_startup(const ClusterRecord& record, const StartingProcess& self,
                                         std::int64_t waited_us);

// Why this member's disk shows less than the record knows it to have held; empty: nothing speaks against it.
[[nodiscard]] std::string disk_gone_back(const ClusterRecord& record, ReplicaId id,
                                         const wire::Inventory& inventory);

// A process that runs: a member without the state ends when a member with it has returned from its disk. It cannot exclude the dead
// life of the one that returned, which waits for it; its next process says that its disk is no member's, and learns.
[[nodiscard]] bool gives_way(const ClusterRecord& record, const smr::Member& me, bool full);

// A process that runs: why it must end because the roster has no place for it any more; empty: it has.
[[nodiscard]] std::string displaced(const ClusterRecord& record, const smr::Member& me);

}  // namespace titer::view
