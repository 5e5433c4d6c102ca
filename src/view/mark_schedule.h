// SPDX-License-Identifier: Apache-2.0

// MarkSchedule: when a member writes into the cluster's record what its disk holds, so that this disk is recognised, also
// without the others, if it goes back (startup_step.h).
//
// A mark costs a change of the record, which all members read. So there is one soon after each view was installed, and then
// one when the position has moved and some time has passed: every kAgainUs, or every kAloneUs where no other member could
// notice a disk that has gone back.
// Pure. Thread rule: its owner's.
#pragma once

#include <cstdint>
#include <optional>

#include "base/ids.h"
#include "view/cluster_record.h"

namespace titer::view {

class MarkSchedule {
 public:
  static constexpr std::int64_t kAgainUs = 600'000'000;
  static constexpr std::int64_t kAloneUs = 1'000'000;

  // `held`: what the disk of `held.id` has now. True: the record should have it; the next one is not due before its time.
  [[nodiscard]] bool due(BootTime now, const ClusterRecord& record, const DiskMark& held) {
    if (!record.view.has(held.id, held.incarnation)) return false;
    const DiskMark* there = record.mark(held.id);
    const bool known = there != nullptr && there->incarnation == held.incarnation;
    const std::int64_t wait_us = record.view.members.size() == 1 ? kAloneUs : kAgainUs;
    const bool moved = known && there->position < held.position && now.value - marked_at_.value >= wait_us;
    if (known && there->installed >= held.installed && !moved) return false;
    marked_at_ = now;
    return true;
  }

 private:
  BootTime marked_at_;
};

}  // namespace titer::view
