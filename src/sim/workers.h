// SPDX-License-Identifier: Apache-2.0

// Workers: many seeds, in child processes — so that a seed that breaks a CHECK ends its child and is reported like any
// other finding, and so that seeds use every processor although a run is one thread.
//
// What a child has found goes through a pipe to the parent, which adds up. A child that dies is replaced and goes on
// behind the seed it died of.
//
// The only file of this module that touches the system. Thread rule: one thread, which waits in run_many().
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "sim/world.h"

namespace titer::sim {

// How a seed ended. The numbers are exit codes of `titer sim`.
enum class Outcome : std::uint8_t {
  kPassed = 0,
  kCrash = 10,  // a CHECK, a signal, memory
  kSafety = 11,
  kLiveness = 12,
  kNondeterminism = 13,  // a second run of the seed was another run
};
[[nodiscard]] std::string_view name(Outcome outcome);

struct Finding {
  Outcome outcome = Outcome::kPassed;
  Report report;
};

struct SeedBatch {
  std::vector<std::uint64_t> seeds;
  unsigned jobs = 1;
  std::uint64_t twice_every = 8;  // every so-manieth seed is run twice and must be the same run
  std::size_t stop_after = 10;    // findings
};

struct Sum {
  std::uint64_t seeds = 0, twice = 0;
  CoverageMarks marks;
  Time simulated_us = 0;
  std::uint64_t events = 0, messages = 0, executed = 0, answered = 0, reads = 0, views = 0, operations = 0,
                unknown = 0;
  std::vector<Finding> findings;  // in the order in which they came
};

// `seen`: every seed that is done, as it is done.
[[nodiscard]] Sum run_many(const SeedBatch& batch, const std::function<void(const Finding&)>& seen = nullptr);

// The marks that were never hit.
[[nodiscard]] std::vector<CoverageMark> never_hit(const CoverageMarks& marks);

}  // namespace titer::sim
