// SPDX-License-Identifier: Apache-2.0

// Scrub: compares the state in memory with the tables, a few rows at a time, round after round: sites, then history, sessions,
// idempotency keys, keys and switches.
//
// The digest of the state is kept up to date by what changes, so it does not notice a bit that flips in a row at rest: that
// row is answered wrongly until it changes. The tables on disk have the same row, under checksums.
//
// A range of rows is read by the writer's thread (tables_writer.h) while no batch is under way, so the tables are at one
// position meanwhile. On the loop's thread its rows are compared with memory; a row that has changed after that position, or
// that memory has dropped since, is left out.
//
// Thread rule: the loop's thread. Cost: limits::kScrubSites rows (of history one block, 64 KiB) every limits::kScrubEveryUs.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/ids.h"
#include "machine/machine.h"
#include "store/tables.h"

namespace titer::store {

struct ScrubStats {
  std::uint64_t sites = 0;       // compared
  std::uint64_t rows = 0;        // of the other tables, compared
  std::uint64_t rounds = 0;      // over all tables
  std::uint64_t mismatches = 0;  // rows that differed, each time
};

class Scrub {
 public:
  // The next range to read when it is due; nothing: not yet, or there is nothing to compare.
  [[nodiscard]] std::optional<RowRange> due(BootTime now, std::uint32_t slots);
  // What the tables, which are at `position`, have of the range that due() gave last. A sentence about the first row that
  // differs; nothing: none does.
  [[nodiscard]] std::optional<std::string> compare(const machine::Machine& machine, Position position,
                                                   const std::vector<TableRow>& rows);
  [[nodiscard]] const ScrubStats& stats() const { return stats_; }

 private:
  void compare_sites(const registry::State& state, Position position, const std::vector<TableRow>& rows);
  void compare_row(const machine::Machine& machine, Position position, const TableRow& row);
  void compare_access(const registry::State& state, Position position, const std::vector<TableRow>& rows);
  void differs(const std::string& what, bool there, Position position);

  RowRange range_;
  std::uint64_t next_key_ = 0;  // in the table of range_, where it has keys and no slots …
  bool table_over_ = true;      // … and whether that was its last range
  BootTime next_;
  ScrubStats stats_;
  std::optional<std::string> wrong_;  // of the range that is being compared
  Bytes memory_;
};

}  // namespace titer::store
