// SPDX-License-Identifier: Apache-2.0

#include "view/startup_course.h"

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "base/rules.h"

namespace titer::view {

StartupStep StartupCourse::step(BootTime now, const ClusterRecord& newest) {
  const bool announced =
      std::ranges::any_of(newest.returned, [&](const Returned& one) { return one.now == self_.now; });
  if (announced && announced_ == BootTime()) announced_ = now;
  return decide_startup(newest, self_, announced ? now.value - announced_.value : 0);
}

NextRecord StartupCourse::proposal(BootTime now, const ClusterRecord& newest) {
  StartupStep wanted = step(now, newest);
  if (wanted.kind != StartupStep::Kind::kChange) return std::nullopt;
  TITER_CHECK(wanted.next, "a change has a successor");
  if (!wanted.bootstraps) return std::move(wanted.next);
  if (std::ranges::count(self_.bootstrap_attempts, self_.now.incarnation) == 0) {
    if (rule_enabled(ProtocolRule::kBootstrapNote))
      if (const Status noted = note_(self_.now.incarnation); !noted) return std::nullopt;
    self_.bootstrap_attempts.push_back(self_.now.incarnation);
  }
  return std::move(wanted.next);
}

bool StartupCourse::waits_long(BootTime now) const {
  return announced_ != BootTime() && now.value - announced_.value >= kGraceUs;
}

}  // namespace titer::view
