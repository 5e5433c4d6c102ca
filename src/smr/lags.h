// SPDX-License-Identifier: Apache-2.0

// Lags: which members keep the others waiting without being silent.
//
// Every write waits for the slowest member (§8). One that hangs is excluded (suspicion.h). One that limps is not: it runs a
// tenth of the time, or each of its syncs takes long, but its heartbeats come and it makes progress. Whether to continue
// with one replica less is the operator's decision, so this class only measures and reports.
//
// The lag of a member is sampled at every tick: how long an own frame has been waiting for its acknowledgement, or how
// much longer it has been silent than heartbeats are apart, whichever is more. A member limps when the mean of its lag is
// above kFloorUs plus kFactor times the median of the other members' for kHoldUs; it no longer does when that has been false
// for as long. Compared with the others, because a busy machine or a slow network makes all of them slow, and then no member
// is to blame. With two members there is nothing to compare with but the floor.
//
// Samples count only while this replica itself runs (a tick that comes late says nothing about others) and takes part in an
// installed view.
//
// Pure; belongs to its replica. It has no influence on the protocol.
#pragma once

#include <vector>

#include "base/limits.h"
#include "smr/types.h"

namespace titer::smr {

struct Lag {
  ReplicaId id;
  std::int64_t us = 0;  // mean
  bool limps = false;
};

class Lags {
 public:
  static constexpr std::int64_t kFloorUs = 15'000;  // ticks are 25 ms apart, so shorter waits are not seen
  static constexpr std::int64_t kFactor = 4;
  static constexpr std::int64_t kHoldUs = 5'000'000;
  static constexpr std::int64_t kWindowUs = 10'000'000;  // of the mean, which is exponential
  static constexpr std::int64_t kLateUs = 100'000;       // between two ticks: this replica did not run
  static constexpr std::int64_t kSilenceUs = limits::kHeartbeatEveryUs * 3 / 2;

  // The standing of a member.
  struct Sample {
    ReplicaId id;
    Incarnation incarnation;
    BootTime heard;  // its last heartbeat
    Seq acked;       // of the own stream
    Seq sent;        // newest own frame that some member has not acknowledged; 0: there is none
  };
  // All other members of the installed view.
  void look(BootTime now, ViewNumber installed, const std::vector<Sample>& samples);
  // Nothing can be said of the time until now.
  void skip() { looked_at_ = {}; }

  [[nodiscard]] std::vector<Lag> all() const;

 private:
  struct Peer {
    ReplicaId id;
    Incarnation incarnation;
    Seq probe = {};  // the own frame whose acknowledgement is waited for; 0: none
    BootTime probe_at = {};
    std::int64_t mean_us = 0;
    bool limps = false;
    BootTime differs_since = {};  // from `limps`; 0: it does not
    bool seen = false;
  };
  Peer& peer(const Sample& sample);
  [[nodiscard]] std::int64_t median_of_others(const Peer& peer) const;
  void judge(BootTime now, Peer& peer) const;

  std::vector<Peer> peers_;
  ViewNumber installed_;
  BootTime looked_at_;
};

}  // namespace titer::smr
