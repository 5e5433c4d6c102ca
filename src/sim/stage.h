// SPDX-License-Identifier: Apache-2.0

// Stage: what every part of one run shares — the plan, virtual time, chance, marks, and the first thing that went wrong.
//
// One Random for all: the order of events alone decides which part draws from it, and when. The run ends at the
// first failure, so that what is reported is the cause and not its consequences.
#pragma once

#include <cstdint>
#include <string>
#include <utility>

#include "base/random.h"
#include "sim/coverage_marks.h"
#include "sim/observer.h"
#include "sim/plan.h"
#include "sim/timeline.h"

namespace titer::sim {

inline constexpr std::int64_t kEpochMs = 1'700'000'000'000;  // the wall clock at the beginning of a run

struct Verdict {
  enum class Kind : std::uint8_t { kPassed, kSafety, kLiveness };
  Kind kind = Kind::kPassed;
  std::string checker;  // which one noticed
  std::string what;
  Time at = 0;
};

struct Stage {
  Stage(const Plan& of, Observer* by) : plan(of), random(of.seed * 0x9E3779B97F4A7C15ULL + 1), observer(by) {}

  void fail(std::string checker, std::string what, Verdict::Kind kind = Verdict::Kind::kSafety) {
    if (failed()) return;
    verdict = {kind, std::move(checker), std::move(what), time.now()};
  }
  [[nodiscard]] bool failed() const { return verdict.kind != Verdict::Kind::kPassed; }
  void hit(CoverageMark mark) { marks.hit(mark); }
  // Everything that happens adds to it: two runs of a seed are the same run if it is the same.
  void note(std::uint64_t what) { digest = (digest ^ what) * 0x9E3779B97F4A7C15ULL + (digest >> 29U); }
  void tell(Event event) {
    if (observer == nullptr) return;
    event.at = time.now();
    observer->on_event(event);
  }

  const Plan plan;
  Random random;
  Timeline time;
  CoverageMarks marks;
  Verdict verdict;
  std::uint64_t digest = 0;
  Observer* observer;
};

}  // namespace titer::sim
