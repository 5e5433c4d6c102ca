// SPDX-License-Identifier: Apache-2.0

// Suspicion: when this replica asks the register for a view without a peer (§4).
//
// It may be wrong; only exclusion counts, and that is the register's. Three reasons to suspect a member:
//   - link: its connection is gone for two heartbeats. One that was never reached gets longer: it is starting.
//   - silence: no heartbeat for kSuspectAfterUs: it hangs, or the network swallows.
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
// Patience is counted in this replica's own ticks: if it slept itself, everybody gets a new start, because
// what they sent meanwhile is still in its sockets.
//
// Thread rule: none; belongs to its replica.
// Invariants: asks only as a full member of the newest known view, so somebody with the whole state remains.
#pragma once

#include <vector>

#include "smr/flush.h"
#include "smr/gateway.h"
#include "smr/lags.h"
#include "smr/replica_context.h"

namespace titer::smr {

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
  [[nodiscard]] ReplicaSet hears(const ReplicaContext& c) const {
    return heard_within(c, limits::kSuspectAfterUs / 2);
  }
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
  [[nodiscard]] const char* hard_reason(const ReplicaContext& c, const Peer& p, bool others_hear_it) const;
  [[nodiscard]] bool grey(const ReplicaContext& c, Peer& p, ReplicaId id, const Gateway& gateway,
                          const ViewChange& change) const;
  void restart(const ReplicaContext& c);
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
