// SPDX-License-Identifier: Apache-2.0

// Inspection: the contents of a replica's data directory, read offline, for `titer verify` and `titer recover`. Everything in
// it is checked (the checksums and the order of the journal, the rows and the digest of the tables, the invariants of the
// state), and nothing is changed.
//
// Errors: as Store::open; kBusy when a replica runs on it. Thread rule: none; it waits for the disk.
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
