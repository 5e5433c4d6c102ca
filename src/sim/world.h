// SPDX-License-Identifier: Apache-2.0

// World: one whole run. A cluster is born, works while everything may fail (safety), then a core of it is healed and
// must come to rest (liveness), and in the end everything is compared.
//
// Deterministic: the same plan gives the same run on every machine; `digest` says so.
// Thread rule: one thread. Limits: a run ends by itself, at the latest after safety_us and kRestUs of virtual time.
// Source: the phases and their order are those of TigerBeetle's VOPR; virtual time as in FoundationDB.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "sim/coverage_marks.h"
#include "sim/observer.h"
#include "sim/plan.h"
#include "sim/stage.h"

namespace titer::sim {

struct Report {
  std::uint64_t seed = 0;
  Verdict verdict;
  CoverageMarks marks;
  std::uint64_t digest = 0;
  Time simulated_us = 0;
  std::uint64_t events = 0, messages = 0, executed = 0, answered = 0, reads = 0, views = 0;
  std::uint64_t operations = 0, unknown = 0;  // compared for linearizability; stock lines without a verdict
};

inline constexpr Time kSetupUs = 20'000'000;  // to be born, at most
inline constexpr Time kRestUs = 60'000'000;   // from the healing to rest, at most

[[nodiscard]] Report run(const Plan& plan, Observer* observer = nullptr);

}  // namespace titer::sim
