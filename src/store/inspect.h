// SPDX-License-Identifier: Apache-2.0

// Inspection: what a replica's data directory says, read offline. Everything in it is checked — the journal's checksums
// and order, the tables' rows and digest, the state's own invariants — and nothing is changed.
// For `titer verify` and `titer recover`. Errors: as Store::open; kBusy when a replica runs on it.
#pragma once

#include <string>
#include <vector>

#include "store/environment.h"
#include "store/replay.h"

namespace titer::store {

struct Inspection {
  Identity identity;
  wire::Inventory inventory;  // of the position that a start would begin with
  Position tables;            // …of which the tables have so much
  std::uint64_t digest = 0;
  registry::Totals totals;
  smr::Recovered recovered;  // the frames beyond: whether they count, a start finds out with the others
  Position reach;  // the position that a start from this disk alone leads to: all frames that it holds count
  JournalContents journal;
  std::vector<std::string> recoveries;  // losses that an operator accepted, a sentence each
};

[[nodiscard]] Result<Inspection> inspect(const std::string& dir,
                                         const StoreEnvironment& environment = real_environment());

}  // namespace titer::store
