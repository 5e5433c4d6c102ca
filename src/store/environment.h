// SPDX-License-Identifier: Apache-2.0

// StoreEnvironment: everything that a store has from outside — files, database, workers, clocks, chance.
//
// In production it is this machine (real_environment()). Tests give another one, in which a disk is memory that loses and tears
// writes and flips bits, and in which threads are events (simulated/simulated_disk.h). The store has no other way to the
// outside.
//
// Ownership: the maker keeps files, databases and workers until the last store that uses them is gone. Copies are
// cheap.
#pragma once

#include <cstdint>
#include <functional>

#include "base/ids.h"
#include "store/database.h"
#include "store/files.h"
#include "store/workers.h"

namespace titer::store {

struct StoreEnvironment {
  Files& files;
  Databases& databases;
  Workers& workers;
  std::function<WallTime()> wall_now;          // for people: when the tables were written
  std::function<std::int64_t()> monotonic_us;  // for statistics
  std::function<std::uint64_t()> draw;  // what no client may guess (journal_format.h); called on the opening thread
};

[[nodiscard]] const StoreEnvironment& real_environment();

}  // namespace titer::store
