// SPDX-License-Identifier: Apache-2.0

// Scrub: compares the sites in memory with those in the tables, a few at a time, round after round.
//
// The digest of the state is kept up to date by what changes, so it does not notice a bit that flips in a row at rest: that
// row is answered wrongly until it changes. The tables on disk have the same row, under checksums.
//
// A range of slots is read by the writer's thread (tables_writer.h) while no batch is under way, so the tables are at one
// position meanwhile. On the loop's thread its rows are compared with memory; a row that has changed after that position
// is left to the next round. History, keys and sessions are not compared (the members' digests cover their changes).
//
// Thread rule: the loop's thread. Cost: limits::kScrubSites rows every limits::kScrubEveryUs.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/ids.h"
#include "registry/state.h"
#include "store/tables.h"

namespace titer::store {

struct ScrubStats {
  std::uint64_t sites = 0;       // compared
  std::uint64_t rounds = 0;      // over all sites
  std::uint64_t mismatches = 0;  // sites that differed, each time
};

class Scrub {
 public:
  // The next range to read when it is due; nothing: not yet, or there is nothing to compare.
  [[nodiscard]] std::optional<SlotRange> due(BootTime now, std::uint32_t slots);
  // What the tables, which are at `position`, have of the range that due() gave last. A sentence about the first site that
  // differs; nothing: none does.
  [[nodiscard]] std::optional<std::string> compare(const registry::State& state, Position position,
                                                   const std::vector<SiteRow>& rows);
  [[nodiscard]] const ScrubStats& stats() const { return stats_; }

 private:
  SlotRange range_;
  BootTime next_;
  ScrubStats stats_;
};

}  // namespace titer::store
