// SPDX-License-Identifier: Apache-2.0

// Which replicas restart after the failure of all: a rule of the register as pure functions, for its
// implementations.
//
// The last to fail are the members of the newest record (Skeen 1985): each of them that had the complete state has
// every answered write on its disk. A replica is recognised by its lives: the incarnation under which it was a
// member, and those of restarts in which it never became anything else. Of the members that came back, those with
// the highest installed view restart from their disks; the others learn from them. A replica that was excluded
// before is not in the record, so it never restarts this way.
// Source: docs/explanation/protocol.md §7.
#pragma once

#include <vector>

#include "base/limits.h"
#include "base/result.h"
#include "smr/types.h"
#include "wire/codec.h"

namespace titer::view {

struct Returned {
  smr::Member now;  // as what it has been started
  wire::Inventory inventory;
};

// The view after `last`, of those of `returned` who can begin; everybody of before is known to be dead (`dead_max`: as in without()).
// kUnavailable: there is nobody; the message says whom to bring back, or what else can be done.
[[nodiscard]] Result<smr::ViewRecord> restart(const smr::ViewRecord& last, const std::vector<Returned>& returned,
                                              const std::vector<Incarnation>& dead,
                                              std::size_t dead_max = limits::kKnownDeadMax);

}  // namespace titer::view
