// SPDX-License-Identifier: Apache-2.0

#include "sim/coverage_marks.h"

namespace titer::sim {

namespace {

constexpr std::array<std::string_view, kMarks> kMarkNames = {
    "crash between turns",
    "crash in turn",
    "sent bytes lost",
    "pause",
    "resume",
    "resumed when excluded",
    "paused inside a turn",
    "connection cut",
    "one-way partition",
    "partial partition",
    "partition in halves",
    "slow link",
    "excluded alive",
    "excluded unheard",
    "register away",
    "register's answer lost",
    "disk slow",
    "disk hangs",
    "disk fails a sync",
    "wall clock jumps",
    "gateway client dies",
    "direct client dies",
    "direct client dies in broadcast",
    "old request repeated late",
    "direct client lies",
    "total failure",
    "power lost",
    "process lost, power not",
    "disk wiped",
    "total failure in an exclusion",
    "disk put back",
    "bit flipped",
    "wall clock a year ahead",
    "process started again",
    "crash before flush sent",
    "crash after flush sent",
    "crash after relay sent",
    "crash after done sent",
    "crash after rest executed",
    "crash after state given",
    "crash of learner in flush",
    "relay used",
    "top view installed first",
    "early frame kept",
    "early flush kept",
    "record overtakes a flush",
    "view with same members",
    "lie voided",
    "several learners join at once",
    "learner joined",
    "learner excluded",
    "outdated piece of state",
    "donor lost",
    "pass resumed by another donor",
    "asked: connection gone",
    "asked: known to be dead",
    "asked: no heartbeat",
    "asked: no progress",
    "asked: direct client",
    "lease not held",
    "read refused by learner",
    "repeat answered from table",
    "session result evicted",
    "session gone, new one begun",
    "client failed over",
    "client gave up, new session",
    "direct client solicited",
    "direct client hello again",
    "frame repeated on new link",
    "socket full",
    "socket has room again",
    "tables written",
    "executed above a base",
    "ended views replayed",
    "total failure in a flush",
    "total failure in a restart",
    "total failure in a join",
    "restart by all of the last view",
    "restart by some of them",
    "member of a lower view left out",
    "recognised by an older life",
    "restart beside an excluded one",
    "member without state killed",
    "recovered frame relayed",
    "member begins with its disk",
    "learner begins with its disk",
    "learner begins with nothing",
    "disk in use",
    "more than five replicas",
    "clock near its end",
    "incarnations near their end",
    "death no longer named",
    "part of a transfer split",
    "client's window full",
    "trimmed history compared",
    "page of changes followed",
    "changes watched",
    "watcher cut off",
    "follower left behind",
    "request undone",
    "bulk",
    "idempotency key reused",
    "rude: number repeated",
    "rude: number far ahead",
    "rude: last number",
    "rude: number out of order",
    "rude: key not shown",
    "rude: impossible birth",
};
static_assert(!kMarkNames.back().empty(), "one name per mark");

}  // namespace

std::string_view name(CoverageMark mark) { return kMarkNames[static_cast<std::size_t>(mark)]; }

std::uint64_t CoverageMarks::faults() const {
  std::uint64_t sum = 0;
  for (std::size_t i = 0; i < kMarks; ++i)
    if (is_fault(static_cast<CoverageMark>(i))) sum += counts_[i];
  return sum;
}

CoverageMarks& CoverageMarks::operator+=(const CoverageMarks& other) {
  for (std::size_t i = 0; i < kMarks; ++i) counts_[i] += other.counts_[i];
  return *this;
}

}  // namespace titer::sim
