// SPDX-License-Identifier: Apache-2.0

// StartupCourse: the start of a process on a machine of its own, from the register's first record until the role of the
// process is known, as a state machine without I/O.
//
// Each step is decide_startup()'s (startup_step.h), from the newest record and from what this process knows. What the course
// adds is what must be remembered between two steps: when the record had this process's announcement first, and that an
// incarnation which is about to bootstrap is on disk before the register hears of it.
//
// Its user shows it each new record, and asks again when kLookAgainUs have passed: time makes a difference too.
// Thread rule: its owner's. Errors: kRefuse has a sentence; a note that cannot be written proposes nothing.
#pragma once

#include <cstdint>
#include <functional>

#include "base/ids.h"
#include "base/result.h"
#include "view/startup_step.h"

namespace titer::view {

class StartupCourse {
 public:
  static constexpr std::int64_t kLookAgainUs = 250'000;

  // `note`: that this incarnation is about to bootstrap; on disk when it returns.
  using Note = std::function<Status(Incarnation)>;
  StartupCourse(StartingProcess self, Note note) : self_(std::move(self)), note_(std::move(note)) {}

  [[nodiscard]] StartupStep step(BootTime now, const ClusterRecord& newest);
  // A proposal for the register (cell_register.h): what this start wants of the record.
  [[nodiscard]] NextRecord proposal(BootTime now, const ClusterRecord& newest);
  // It has waited for others longer than is normal: an operator should know.
  [[nodiscard]] bool waits_long(BootTime now) const;

 private:
  StartingProcess self_;
  Note note_;
  BootTime announced_;  // when the record had its announcement first; 0: not yet
};

}  // namespace titer::view
