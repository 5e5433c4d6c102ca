// SPDX-License-Identifier: Apache-2.0

// Suspicion: when this replica asks the register for a view without a peer (§4).
//
// A suspicion may be wrong. It has an effect only if the register excludes the member. Four reasons to suspect a
// member:
//   - death: its process has certainly ended (input::Died). Asked immediately.
//   - link: its connection is gone for two heartbeats. One that was never reached gets longer: it is starting.
//   - silence: no heartbeat for as long as Patience gives: it hangs, or the network swallows. When no other member is heard
//     on time either, the longest patience counts: then it is rather this replica, its network or the whole machine.
//   - grey: heartbeats come, but for kGreyUs it acknowledged nothing of what it should, or keeps a view change
//     waiting. Then asking is repeated rarely.
//
// The indirect probe: every heartbeat says whom its sender hears, so it is known, without asking, whether the others
// hear a suspect. If nobody does it is gone. If somebody does, the fault lies between the two, and
//   - a connection that is gone gets as long as silence gets, because it may be made again;
//   - otherwise one of the two has to leave, because every member must hear every other. The one heard by more
//     members stays; on a tie, the one that has lost several links leaves; if that ties too, the one with the
//     higher id.
// A member that has to leave, or that hears fewer than half of the members (itself included), is more likely the
// one that is cut off. It waits kYieldUs longer, so that the others exclude it. If they do not, the wait is all it
// costs.
//
// Patience is counted in this replica's own ticks. When a tick comes late, this replica was not running itself, and messages of
// the others may still be in its sockets: that time does not count as silence. After a longer sleep the count starts again for
// every peer.
//
// Thread rule: none; belongs to its replica.
// Invariants: asks only as a full member of the newest known view, so somebody with the whole state remains.
#pragma once

#include <algorithm>
#include <string>
#include <vector>

#include "smr/flush.h"
#include "smr/gateway.h"
#include "smr/lags.h"
#include "smr/replica_context.h"
#include "smr/windowed_max.h"

namespace titer::smr {

// How long one peer may be silent: three times the longest gap between its heartbeats of the last minute, within bounds.
//
// A peer whose heartbeats come on time gets the shortest patience, one that was late up to the longest. Why a maximum over a
// window, and not the mean and deviation of phi-accrual (Hayashibara 2004) or of TCP's timer (Jacobson 1988): gaps are rarely
// long, but those that are come from pauses of a process or machine and from retransmissions, and one such pause announces more
// of its kind. A mean over a thousand heartbeats hardly sees it, one over a few has forgotten it after a second.
class Patience {
 public:
  static constexpr std::int64_t kShortestUs = limits::kSuspectEarlyUs;
  static constexpr std::int64_t kLongestUs = limits::kSuspectAfterUs;
  static constexpr std::int64_t kGaps = 3;
  static constexpr std::int64_t kWindowUs = 30'000'000;  // of one to two of these the longest gap counts
  static constexpr std::int64_t kProbationUs =
      10'000'000;  // before it is known for so long nobody is known to be on time

  void heard(BootTime now) {
    if (first_ == BootTime())
      first_ = now;
    else
      gap_.add(now, now.value - last_.value);
    last_ = now;
  }
  [[nodiscard]] std::int64_t us(BootTime now) const {
    if (first_ == BootTime() || now.value - first_.value < kProbationUs) return kLongestUs;
    return std::clamp(kGaps * gap_.highest().value_or(kLongestUs), kShortestUs, kLongestUs);
  }

 private:
  BootTime first_, last_;
  WindowedMax<kWindowUs> gap_;
};

class Suspicion {
 public:
  static constexpr std::int64_t kLinkUs = 2 * limits::kHeartbeatEveryUs;
  static constexpr std::int64_t kNeverLinkedUs = 4 * limits::kSuspectAfterUs;
  static constexpr std::int64_t kGreyUs = 4 * limits::kSuspectAfterUs;
  static constexpr std::int64_t kYieldUs = 1'000'000;
  // What a member said about others counts for three of its heartbeats.
  static constexpr std::int64_t kWitnessUs = 3 * limits::kHeartbeatEveryUs;
  static constexpr std::int64_t kAskAgainUs = 100'000;
  static constexpr std::int64_t kAskAgainGreyUs = 200'000;

  void link_up(const ReplicaContext& c, ReplicaId peer, Incarnation incarnation);
  void link_down(const ReplicaContext& c, ReplicaId peer, Incarnation incarnation);
  // A heartbeat came.
  void heard(const ReplicaContext& c, ReplicaId peer, Incarnation incarnation, const Heartbeat& beat);
  // The members of the newest record that this replica hears; half of the patience, so that the others know before it
  // suspects.
  [[nodiscard]] ReplicaSet hears(const ReplicaContext& c) const;
  // All other members of the newest record have said that they installed it, or a later one.
  [[nodiscard]] bool installed_by_others(const ReplicaContext& c) const;
  // A view became known: new members get a new start.
  void new_record(const ReplicaContext& c);
  // True: this replica had slept, so patience was restarted.
  bool tick(ReplicaContext& c, const Gateway& gateway, const ViewChange& change);
  // Of the other members; for people who look.
  [[nodiscard]] std::vector<Lag> lags() const { return lags_.all(); }

 private:
  struct Peer {
    ReplicaId id;
    Incarnation incarnation;
    bool ever_linked = false;
    bool linked = false;
    bool member = false;  // of the newest record: only members owe heartbeats
    BootTime link_since;  // when `linked` last changed, or watching began
    BootTime heard_at;
    Patience patience;     // since it was linked, or became a member
    ReplicaSet hears;      // as its last heartbeat said …
    ViewNumber installed;  // … and this, too
    Seq acked;             // of own frames, at the last look …
    BootTime progress_at;  // … and when it last rose or nothing was due
  };
  Peer& watch(const ReplicaContext& c, ReplicaId peer, Incarnation incarnation);
  [[nodiscard]] const Peer* find(const Member& member) const;
  [[nodiscard]] ReplicaSet heard_within(const ReplicaContext& c, std::int64_t us) const;
  // The members that this replica hears and that say that they hear `member`.
  [[nodiscard]] ReplicaSet witnesses(const ReplicaContext& c, ReplicaId member) const;
  [[nodiscard]] static std::int64_t usual_patience(const ReplicaContext& c, const Peer& p) {
    return c.options.shares_machine ? Patience::kLongestUs : p.patience.us(c.now);
  }
  [[nodiscard]] std::int64_t patience(const ReplicaContext& c, const Peer& p) const;
  [[nodiscard]] std::string hard_reason(const ReplicaContext& c, const Peer& p, bool others_hear_it) const;
  [[nodiscard]] bool grey(const ReplicaContext& c, Peer& p, ReplicaId id, const Gateway& gateway,
                          const ViewChange& change) const;
  void restart(const ReplicaContext& c);
  // By how much this tick is late. True: so much that patience was restarted.
  bool excuse_own_pause(const ReplicaContext& c);
  [[nodiscard]] bool in_minority(const ReplicaContext& c) const;
  // `contested`: the members that this replica suspects and others hear.
  [[nodiscard]] bool yields(const ReplicaContext& c, ReplicaSet contested) const;
  void measure(const ReplicaContext& c, const Gateway& gateway);
  [[nodiscard]] bool may_ask(const ReplicaContext& c, bool hard, ReplicaSet contested);

  // By incarnation, because a link may be there before a view has its process, and a process that was excluded
  // may linger beside the one that has its id now. Bounded: a process that is neither linked nor a member is
  // forgotten.
  std::vector<Peer> peers_;
  Lags lags_;
  BootTime last_tick_;
  BootTime asked_at_;
  BootTime yields_since_;  // 0: it need not
  BootTime record_at_;     // when c.record became known, or patience was restarted
};

}  // namespace titer::smr
