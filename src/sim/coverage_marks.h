// SPDX-License-Identifier: Apache-2.0

// CoverageMarks: how often a run came to each place that a good simulator must come to — every kind of fault, every
// rare branch of the protocol.
//
// A run that is green because nothing happened proves nothing. So whoever runs many seeds adds up their marks, and one
// that was never hit is a failure of the simulator (workers.h). Marks are set by the simulator from what it does and
// sees; the product knows nothing of them and pays nothing.
// Source: FoundationDB's CodeProbe, TigerBeetle's marks.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace titer::sim {

enum class CoverageMark : std::uint8_t {
  // --- faults
  kCrash,             // a replica's process ends between two turns …
  kCrashInTurn,       // … or inside one: some of what the turn promised is not done
  kTailLost,          // of what a process had sent when it, or a connection, ended
  kPause,             // SIGSTOP …
  kResumed,           // … and SIGCONT, everything queued meanwhile
  kResumedExcluded,   // … after a view without it had been published
  kPausedInTurn,      // whatever it had read or decided by then
  kCut,               // a connection breaks
  kOneWay,            // a cannot reach b, b reaches a
  kPartialPartition,  // a cannot reach b, a third sees both
  kHalves,            // two sides that cannot reach one another
  kSlowLink,
  kExcludedAlive,    // a view without a process that lives
  kExcludedUnheard,  // … which does not hear of it for a while
  kRegisterAway,
  kRegisterAnswerLost,  // the compare-and-set happened, who asked does not hear
  kDiskSlow,
  kDiskHangs,
  kDiskFails,  // a failed sync: the replica stops
  kWallJumps,
  kGatewayClientDies,
  kDirectClientDies,
  kDirectDiesInBroadcast,  // some leaves of the bush got the frame, some did not
  kLateRepeat,             // an old request comes once more
  kLie,                    // a direct client sends one replica another frame than the others
  kTotalFailure,           // no process lives any more
  kPowerLost,              // a process ends, and what its disk had not synced is lost …
  kPowerStays,             // … or not
  kWiped,                  // a disk is lost
  kEndInChange,            // no process lives any more but one that has just been excluded
  kDiskBack,               // a disk is put back to an earlier state of the same life
  kBitFlip,                // a replica's state is not that of the others
  kWallFar,                // a wall clock is a year ahead
  kRestarted,              // a process is started again
  // --- rare branches: the flush
  kCrashBeforeFlush,  // with the record known, before the first flush message
  kCrashAfterFlush,
  kCrashAfterRelay,
  kCrashAfterDone,
  kCrashAfterRest,   // the rest of the old view executed, the new one not installed
  kCrashAfterState,  // the donor, after it gave the final state
  kCrashLearnerInFlush,
  kRelayUsed,
  kTopViewFirst,     // installed a view that was not the newest known
  kEarlyFrame,       // a frame of a view not installed here
  kEarlyFlush,       // a flush message of a view not known here
  kViewOverView,     // a newer record comes during a flush
  kSameMembersView,  // a view only to settle a direct client
  kLieVoided,        // frames that count nowhere are held, on a disk
  kSeveralJoin,      // two learners in one view
  kJoined,
  kLearnerExcluded,  // a member that had not got its state
  kOutdatedPiece,    // of a donor whose link was slow, after another's final state
  kDonorLost,
  kPassResumed,  // … and another one goes on inside its pass
  // --- rare branches: the rest
  kAskLink,         // suspicion: the connection is gone, …
  kAskDead,         // … it is known to be dead, …
  kAskSilence,      // … no heartbeats, …
  kAskGrey,         // … no progress
  kAskClient,       // a direct client was lost, or does not answer
  kLeaseRefused,    // the fence had passed, the lease was not there
  kReadRefused,     // by a learner
  kRepeatAnswered,  // from the session table
  kEvicted,         // a repetition whose result is forgotten
  kSessionGone,     // a client's session was evicted, and it began a new one
  kFailover,        // a gateway client goes to another replica with requests open
  kGaveUp,          // outcome unknown, a new session
  kSolicit,
  kHelloAgain,   // of a direct client in one view
  kLinkRepeats,  // a frame came twice
  kSocketFull,   // a connection takes no more for now …
  kSocketRoom,   // … and goes on
  // --- rare branches: disks and total failure
  kTablesWritten,
  kExecutedAboveBase,      // tables that have executed a frame which some member may lack
  kViewsReplayed,          // the journal goes on over the end of a view
  kTotalInFlush,           // the last to end was in a flush, …
  kTotalInRestart,         // … was starting, or had not heard of the view in which it begins, …
  kTotalInJoin,            // … was a joiner
  kRestartAll,             // all of the last view restart …
  kRestartSubset,          // … or those of them that are there
  kRestartLower,           // a member is left out: others had installed a later view
  kRestartOldLife,         // recognised by a life before its last
  kRestartBesideExcluded,  // while one that was excluded still lives
  kMemberNeverFull,        // killed at a restart: a member that lived and did not have the state
  kRelayRecovered,         // a frame from the disk is relayed
  kMemberFromDisk,         // a process finds a member's disk
  kLearnerFromDisk,        // it begins with what its disk has …
  kLearnerFromNothing,     // … or with nothing
  kDiskInUse,              // an excluded process lives: its successor gets a new disk
  // --- short lives, and clients that keep to no rule
  kManyReplicas,        // more than five
  kClockNearEnd,        // the logical clock begins near the highest that there is
  kIncarnationNearEnd,  // likewise the names of processes
  kDeathForgotten,      // a record does not name all who are dead
  kPartSplit,           // of a state transfer
  kWindowFull,          // a client waits for an answer before it may ask more
  kHistoryTrimmed,      // the history has dropped events, and is compared
  kPageFollowed,        // of the change stream
  kWatched,             // changes that came as they were made
  kWatchCut,            // the ring of changes has left a watcher behind
  kFollowerLeftBehind,  // the change stream no longer reaches back to where a client stands
  kUndone,              // an earlier request, that was answered
  kBulk,                // several operations as one
  kKeyReused,           // an idempotency key came with another request
  kRudeRepeat,          // a number once more, with another body
  kRudeLeap,            // a number far above all before it
  kRudeLast,            // the highest number that there is
  kRudeOrder,           // a lower number after a higher one
  kRudeKey,             // a key that was not shown
  kRudeBirth,           // a birth that a session cannot have
  kCount,
};
inline constexpr std::size_t kMarks = static_cast<std::size_t>(CoverageMark::kCount);

[[nodiscard]] std::string_view name(CoverageMark mark);  // "crash in turn", …
[[nodiscard]] constexpr bool is_fault(CoverageMark mark) { return mark <= CoverageMark::kRestarted; }

class CoverageMarks {
 public:
  void hit(CoverageMark mark) { add(mark, 1); }
  void add(CoverageMark mark, std::uint64_t times) { counts_[static_cast<std::size_t>(mark)] += times; }
  [[nodiscard]] std::uint64_t count(CoverageMark mark) const { return counts_[static_cast<std::size_t>(mark)]; }
  [[nodiscard]] std::uint64_t faults() const;
  CoverageMarks& operator+=(const CoverageMarks& other);

 private:
  std::array<std::uint64_t, kMarks> counts_{};
};

}  // namespace titer::sim
