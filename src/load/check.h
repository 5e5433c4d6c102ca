// SPDX-License-Identifier: Apache-2.0

// The proof after a load: what was acknowledged is in every replica, and nothing was applied twice.
//
// For every site and every replica, with A acknowledged and U unanswered writes:
//   each write changes the value, so the stock line's version has grown by A, or by up to A + U;
//   reserves: the count has fallen by A, or by up to A + U;
//   sets: the value is that of the acknowledged set that is last in the order, or of an unanswered one.
// Not for workload `all`, where others may write to the same sites: there the history is the proof.
// A lost write, one applied twice, one applied late: each makes one of them wrong. And all replicas stand at the
// same position with the same digest.
#pragma once

#include <string>
#include <vector>

#include "client/addresses.h"
#include "load/replica_status.h"
#include "load/sites.h"
#include "net/loop.h"

namespace titer::load {

struct LoadCheck {
  std::vector<std::string> faults;  // the first few; empty: passed
  std::size_t fault_count = 0;
  std::size_t replicas = 0;  // that were read and compared
  std::vector<ReplicaStatus> status;

  void fault(std::string what);
  [[nodiscard]] bool passed() const { return fault_count == 0; }
};

// Reads counts and versions before the run. Error: not all sites are there.
[[nodiscard]] Status read_initial(net::Loop& loop, const client::Addresses& at, std::vector<LoadSite>& sites);
// Only when nothing of the run is under way any more.
[[nodiscard]] LoadCheck check_load(net::Loop& loop, const client::Addresses& at,
                                   const std::vector<LoadSite>& sites);

}  // namespace titer::load
