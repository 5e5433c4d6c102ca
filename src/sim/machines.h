// SPDX-License-Identifier: Apache-2.0

// Machines: the start and the life of a cluster on several machines, as its register sees them, under simulation.
//
// Each machine's process is the product's: view::CellRegister over a simulated cell (sim_cell.h), view::StartupCourse,
// view::MarkSchedule, and the proposals of view/cluster_record.h. The replica inside is a model, because smr has its own
// simulation: a view is installed when all of its members know it, a write is acknowledged when all members of an installed
// view hold it and none of them knows a later one, and a learner may join when a member with the state lives.
//
// Processes end at any moment, also between a note on disk and the change it announces; all end together; the cell loses
// answers and changes, ends watches, compacts, is away, and goes back. Then the faults end, and all must become members.
//
// The checks: there is one record per view number, and two in a row share a member, or are a restart; no cluster whose
// writes were acknowledged is bootstrapped again; no install loses an acknowledged write; a cell that has gone back is refused,
// said, and never changed; in the end all machines are members.
//
// Thread rule: one thread. The same seed is the same run.
#pragma once

#include <cstdint>
#include <string>

namespace titer::sim {

struct MachinesReport {
  std::string failure;  // empty: none
  // How often the run came to what it is for.
  unsigned views = 0, bootstraps = 0, restarts = 0, joins = 0, refusals = 0, leaves = 0, blocked = 0;
  std::uint64_t acknowledged = 0;

  MachinesReport& operator+=(const MachinesReport& other) {
    if (failure.empty()) failure = other.failure;
    views += other.views, bootstraps += other.bootstraps, restarts += other.restarts, joins += other.joins;
    refusals += other.refusals, leaves += other.leaves, blocked += other.blocked;
    acknowledged += other.acknowledged;
    return *this;
  }
};

[[nodiscard]] MachinesReport run_machines(std::uint64_t seed);

}  // namespace titer::sim
