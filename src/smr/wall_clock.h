// SPDX-License-Identifier: Apache-2.0

// WallClock: the time with which this replica stamps its frames, and whether its machine's clock can be trusted.
//
// The time of the state machine never falls (docs/decisions/0006), so one stamp of a wrong clock would destroy for good
// what depends on time: history ages, keys end, what was checked counts as fresh. So a stamp is what several clocks show.
//   - Heartbeats carry wall clocks. A clock that is more than kWallLeapMaxMs off the median of the members' stamps with
//     the median. Of two that differ nobody knows which is right; the slower one counts, because time that stands still
//     destroys nothing. Before enough of the others are heard, time does not advance.
//   - A replica that hears no other machine is believed as far as time can have passed: kWallJumpMaxMs beyond the time of the
//     state, or, once it runs, beyond what CLOCK_BOOTTIME says. Members on one machine have one clock; they are no witnesses.
//     Beyond that the time of the state goes on by CLOCK_BOOTTIME, until an operator says that the clock is right
//     (Options::accept_wall).
//
// Thread rule: none; belongs to its replica.
// Limits: readings of others are one way, and so too early by the time that they were under way, which is far below
// kWallLeapMaxMs.
#pragma once

#include <array>
#include <string>

#include "base/ids.h"
#include "base/limits.h"
#include "smr/types.h"
#include "smr/windowed_max.h"

namespace titer::smr {

struct ReplicaContext;

class WallClock {
 public:
  // This machine's clock, once a turn. True: it was set, or CLOCK_BOOTTIME stood still while it went on.
  bool shows(BootTime now, WallTime wall);
  // A heartbeat of a member. Those without a reading count for nothing.
  void heard(BootTime now, ReplicaId from, Incarnation incarnation, WallTime wall);
  // The time of the state machine; it does not fall.
  void state_is_at(BootTime now, WallTime time);

  // This machine's clock now; 0 before shows().
  [[nodiscard]] WallTime own(BootTime now) const;
  // What to stamp with. Remembers what was believed.
  [[nodiscard]] WallTime stamp(const ReplicaContext& c);
  // By how much this machine's clock is ahead of the median of the members that are heard.
  [[nodiscard]] std::int64_t ahead_ms() const { return ahead_ms_; }
  // Why this machine's clock is not what frames are stamped with; empty: it is.
  [[nodiscard]] const std::string& fault() const { return fault_; }

 private:
  struct Peer {
    Incarnation incarnation;
    WindowedMax<> ahead;  // of this machine's clock, in ms
  };
  struct View {               // of the clocks of the newest view
    bool enough = false;      // of the others are heard
    std::int64_t median = 0;  // of the offsets to this machine's clock, in ms
    bool witnessed = false;   // at least two machines show that
  };
  [[nodiscard]] View look(const ReplicaContext& c) const;
  [[nodiscard]] std::int64_t expected(BootTime now) const;

  std::array<Peer, limits::kReplicasMax> peers_{};
  std::int64_t wall_minus_boot_ms_ = 0;
  bool known_ = false;    // the above
  WallTime state_;        // time of the state machine
  WallTime believed_;     // what was last believed; 0: nothing yet …
  BootTime believed_at_;  // … and when
  std::int64_t ahead_ms_ = 0;
  std::string fault_;
};

}  // namespace titer::smr
