// SPDX-License-Identifier: Apache-2.0

// Rules: the switches with which the tests take single rules out of titer: out of the protocol, and out of what stands around it.
//
// Every guard on which a promise depends asks rule_enabled(ProtocolRule). In the product that is the constant true and
// costs nothing. The trees of the tests are compiled with TITER_MUTANTS: there every rule is on until a test switches one
// off, and the random schedules and the simulator must notice. So a test that cannot see a broken rule is itself found broken.
//
// It stands at the bottom, because every module has such rules.
#pragma once

namespace titer {

enum class ProtocolRule {
  kClock,           // LC2: the clock goes above every timestamp received
  kSameContent,     // §3 what a member acknowledges of a direct client counts only if it holds the same
  kOneContent,      // §4.4 where members hold different frames of a direct client, none of them counts
  kStableClients,   // §2.4 wait for a later frame of every active direct client (of gateways: `safe` implies it)
  kSafe,            // §2.5 execute only what every replica of the view holds
  kReadsWait,       // §2.7 a local read waits for what has been received
  kExactlyOnce,     // §2.8 a repeated request is not executed again
  kWedge,           // §4.1 after learning of the next view: no frames, no acks
  kTopView,         // §4.3 a member that is behind installs the top view first
  kGoneBack,        // §4.3 a member that lacks what it has acknowledged takes part in no view
  kRelay,           // §4.4 the lowest holder relays, and done waits for it
  kAllDone,         // §4.6 install only when all are done
  kEarly,           // §4.6 frames of the next view that come early are taken after it is installed
  kLeaseWait,       // §5 done waits for the leases granted to the excluded
  kLinkRepeats,     // a new link begins with what the old one may have lost
  kOutdatedState,   // §6 a learner takes nothing that is older than the final state it has (machine)
  kDonorBehind,     // §6 a donor that has executed less than the one before it completes nothing (machine)
  kRecoveredWedge,  // §7 a recovered replica is wedged …
  kInherit,         // §7 … and leases of an earlier life are waited for
  kRecoveredReads,  // §7 … and it answers no read before it has installed a view
  kBases,           // §7 a checkpoint's bases are what everybody holds, not what is held here
  kInstalledLine,   // §7 the journal says where a view was installed
  kLastView,        // §7 only members of the last view restart from their disks (view)
  kTopFirst,        // §7 … and of them those with the highest installed view (view)
  kLives,           // §7 a replica is known by any of its lives since it was a member (view)
  kLearnerLives,    // §7 a learner's life is not one of a member's disk (store)
  kJoinerInstalls,  // §7 a joiner's disk is a member's once it has installed the view, not before (store)
  kHorizon,         // §2.8 nothing of a session that may have been evicted is executed
  kSavedFirst,      // §4 nobody hears of a record before it is on disk (cluster)
  kHolderStays,     // §4 a record none of whose members has the complete state is never published (cluster)
  kLastHolder,      // §4 the last member that has the complete state is never killed to be excluded (cluster)
  kAuthority,       // §4 a register that has gone back in time is refused (view)
  kBootstrapNote,  // §4 an incarnation that is about to bootstrap is on disk before the register hears of it (view)
  kOwnDisk,        // §7 a member of the last view whose disk is intact restarts with it, and does not learn (view)
  kSettledLeave,   // §4 a member leaves only a view that all have installed (view)
  kLeaseAfterRead,  // §5 the read lease is looked at after the state was read (node)
  kFinalSynced,     // §7 a joiner reports done when the final state is on its disk (node)
  kLearnNoted,      // §7 a disk is a learner's before the first piece of a donor is taken (node)
  kSyncFirst,       // §7 nothing is reported persisted before it is synced (store)
  kNextDonor,       // §6 a learner whose donor is gone asks another one (node)
  kGivesWay,        // §7 a member without the state gives way to one that returns with it (view)
  kViewLine,        // §7 … and when the line of its view is synced (store)
  kClientWindow,    // §2.8 a client has no more requests open than a session remembers (client)
  kSameSession,     // §2.8 a retry at another replica is in the session that it had (client)
  kNewSession,      // §2.8 what is given up ends its session, because numbers have no gap (client)
  kPassBegan,       // §6 a pass is complete up to where it began, not to where it ends (machine)
  kHorizonMoves,    // §2.8 the horizon of sessions travels with the state (machine)
  kKeyBody,         // §2.8 an idempotency key with another request is refused (machine)
  kUntouched,       // an event is undone only if nothing has touched it since (registry)
  kWholeBulk,       // a bulk has all its effects or none (registry)
  kCount,
};

#ifdef TITER_MUTANTS
// One switch per rule; a test program is one thread.
inline bool rule_disabled[static_cast<int>(ProtocolRule::kCount)] = {};
[[nodiscard]] inline bool rule_enabled(ProtocolRule rule) { return !rule_disabled[static_cast<int>(rule)]; }
#else
[[nodiscard]] constexpr bool rule_enabled(ProtocolRule) { return true; }
#endif

}  // namespace titer
