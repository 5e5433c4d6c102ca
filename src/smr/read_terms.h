// SPDX-License-Identifier: Apache-2.0

// ReadTerms: what a reader must know of its replica to answer a local linearizable read (docs/explanation/protocol.md 2.7
// and 5), as values that may be copied to other threads.
//
// A read takes `held` as its fence when it begins, waits until `executed` has reached it, reads the state, then the clock,
// and then the terms of that moment, which must allow the answer. Terms that are older than the replica are safe: a lease is a promise of the others until a certain time,
// so nothing that this replica learns later takes it back, as long as the driver publishes new terms before it sends what
// the step has put out. Two things are not covered by the promise. The clock of a machine may have stood still: LastTurn
// shows that the process did not run, before its next turn has looked at that. And a process may ask its register to count
// it as dead: it publishes terms without a lease first.
//
// Pure values. Thread rule: none.
#pragma once

#include <cstdint>

#include "base/ids.h"
#include "base/limits.h"
#include "smr/types.h"

namespace titer::smr {

// A time at which what was read may be answered to a read that arrived at `asked`.
struct ReadLease {
  BootTime until;  // 0: there is none
  BootTime
      confirmed;  // every other member has confirmed a clock reading that is not older (Options::confirm_reads)

  [[nodiscard]] bool holds(BootTime now, BootTime asked) const { return now < until && asked <= confirmed; }
  bool operator==(const ReadLease&) const = default;
};

// When the driver of a replica last ran: it ticks every kTickUs.
struct LastTurn {
  static constexpr std::int64_t kTickUs = limits::kHeartbeatEveryUs / 2;
  static constexpr std::int64_t kStallUs = limits::kReadLeaseUs / 4;

  BootTime at;                 // 0: never
  std::int64_t asleep_us = 0;  // in all until then: the monotonic clock stands still while the machine sleeps

  [[nodiscard]] static LastTurn of(BootTime now, std::int64_t monotonic_us) {
    return {now, now.value - monotonic_us};
  }
  // The process did not run between then and `now`.
  [[nodiscard]] bool stalled(const LastTurn& now) const {
    if (at == BootTime()) return false;
    return now.asleep_us - asleep_us > kStallUs || now.at.value - at.value > kTickUs + kStallUs;
  }
};

struct ReadTerms {
  bool serves = false;  // it has the complete state, and no dispute about it; else reads are refused
  Uid held;      // highest uid of a frame with requests that was ever held: the fence. It falls with a new view
  Uid executed;  // highest uid executed
  ReadLease lease;
  LastTurn last_turn;

  // May a read with this fence look at the state? When a new view has dropped the frame of the fence, nobody was answered for
  // it, and all that is held counts.
  [[nodiscard]] bool passed(Uid fence) const { return fence <= executed || held <= executed; }
  // Is there nothing in `later` for which a reader waits?
  [[nodiscard]] bool same_answer(const ReadTerms& later) const {
    return serves == later.serves && executed == later.executed && held <= later.held && lease == later.lease;
  }
  // May what was read from the state be answered now?
  [[nodiscard]] bool allows(const LastTurn& now, BootTime asked) const {
    return last_turn.at != BootTime() && !last_turn.stalled(now) && lease.holds(now.at, asked);
  }
};

}  // namespace titer::smr
