// SPDX-License-Identifier: Apache-2.0

// LamportClock: the logical clock of a transmitter. LC1: tick before each broadcast. LC2: on receipt of ts, go above it.
//
// Invariant: it never falls and is never reset, so uids of a later view are above all uids of an earlier one.
// Thread rule: none; belongs to its replica. Sources: Lamport, CACM 21(7), 1978; Schneider 1990 §3.2.1.
#pragma once

#include <algorithm>

#include "base/ids.h"

namespace titer::smr {

class LamportClock {
 public:
  [[nodiscard]] LamportTime now() const { return now_; }
  // LC1: the timestamp of the next broadcast.
  LamportTime tick() { return ++now_; }
  // LC2.
  void receive(LamportTime ts) { now_ = std::max(now_, ts).next(); }

 private:
  LamportTime now_;
};

}  // namespace titer::smr
