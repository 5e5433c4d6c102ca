// Suspicion: when this replica asks the register for a view without a peer (§4).
//
// It may be wrong; only exclusion counts, and that is the register's. Three reasons to suspect a member:
//   - link: its connection is gone for two heartbeats. One that was never reached gets longer: it is starting.
//   - silence: no heartbeat for kSuspectAfterUs: it hangs, or the network swallows.
//   - grey: heartbeats come, but for kGreyUs it acknowledged nothing of what it should, or keeps a view change
//     waiting. Then asking is repeated rarely.
// Who hears fewer than half of the members, itself counted, is more likely the one that is cut off: it waits
// kMinorityUs longer, so the larger side excludes the smaller one and not the other way round. Not when the rest is
// gone for good: then the wait is all it costs.
// Patience is counted in this replica's own ticks: if it slept itself, everybody gets a new start, because
// what they sent meanwhile is still in its sockets.
//
// Thread rule: none; belongs to its replica.
// Invariants: asks only as a full member of the newest known view, so somebody with the whole state remains.
#pragma once

#include <vector>

#include "smr/context.h"
#include "smr/flush.h"
#include "smr/gateway.h"

namespace titer::smr {

class Suspicion {
 public:
  static constexpr std::int64_t kLinkUs = 2 * limits::kHeartbeatEveryUs;
  static constexpr std::int64_t kNeverLinkedUs = 4 * limits::kSuspectAfterUs;
  static constexpr std::int64_t kGreyUs = 4 * limits::kSuspectAfterUs;
  static constexpr std::int64_t kMinorityUs = 1'000'000;
  static constexpr std::int64_t kAskAgainUs = 100'000;
  static constexpr std::int64_t kAskAgainGreyUs = 200'000;

  void link_up(const Context& c, ReplicaId peer, Incarnation incarnation);
  void link_down(const Context& c, ReplicaId peer, Incarnation incarnation);
  void heard(const Context& c, ReplicaId peer, Incarnation incarnation);
  // A view became known: new members get a new start.
  void new_record(const Context& c);
  // True: this replica had slept, so patience was restarted.
  bool tick(Context& c, const Gateway& gateway, const ViewChange& change);

 private:
  struct Peer {
    ReplicaId id;
    Incarnation incarnation;
    bool ever_linked = false;
    bool linked = false;
    bool member = false;  // of the newest record: only members owe heartbeats
    BootTime link_since;  // when `linked` last changed, or watching began
    BootTime heard_at;
    Seq acked;             // of own frames, at the last look …
    BootTime progress_at;  // … and when it last rose or nothing was due
  };
  Peer& watch(const Context& c, ReplicaId peer, Incarnation incarnation);
  [[nodiscard]] const char* hard_reason(const Context& c, const Peer& p) const;
  [[nodiscard]] bool grey(const Context& c, Peer& p, ReplicaId id, const Gateway& gateway,
                          const ViewChange& change) const;
  void restart(const Context& c);
  // Of the newest record's members, as far as their links are there and not silent.
  [[nodiscard]] bool in_minority(const Context& c);
  [[nodiscard]] bool may_ask(const Context& c, bool hard);

  // By incarnation, because a link may be there before a view has its process, and a process that was excluded
  // may linger beside the one that has its id now. Bounded: who is neither linked nor a member is forgotten.
  std::vector<Peer> peers_;
  BootTime last_tick_;
  BootTime asked_at_;
  BootTime minority_since_;  // 0: it hears half of the members, or more
  BootTime record_at_;       // when c.record became known, or patience was restarted
};

}  // namespace titer::smr
