// SPDX-License-Identifier: Apache-2.0

#include "view/record.h"

#include <algorithm>

#include "base/check.h"
#include "base/limits.h"

namespace titer::view {

void keep_newest(std::vector<Incarnation>& dead, std::size_t most) {
  const std::size_t beyond = dead.size() - std::min(dead.size(), most);
  dead.erase(dead.begin(), dead.begin() + static_cast<std::ptrdiff_t>(beyond));
}

Result<smr::ViewRecord> without(const smr::ViewRecord& record, smr::ReplicaSet leaving,
                                const std::vector<Incarnation>& dead, std::size_t dead_max) {
  smr::ViewRecord next{record.number.next(), {}, dead};
  keep_newest(next.known_dead, dead_max);
  for (const smr::Member& member : record.members)
    if (!leaving.has(member.id)) next.members.push_back(member);
  TITER_CHECK(next.known_dead.size() <= limits::kKnownDeadMax, "a record names at most kKnownDeadMax of the dead");
  if (next.members.empty()) return Error{Code::kInvalid, "a view without members cannot follow"};
  return next;
}

Result<smr::ViewRecord> with(const smr::ViewRecord& record, const smr::Member& joining) {
  if (record.find(joining.id) != nullptr)
    return Error{Code::kDuplicate, "replica " + std::to_string(joining.id.value) + " is a member already"};
  smr::ViewRecord next{record.number.next(), record.members, record.known_dead};
  next.members.push_back(joining);
  std::sort(next.members.begin(), next.members.end(),
            [](const smr::Member& a, const smr::Member& b) { return a.id < b.id; });
  return next;
}

}  // namespace titer::view
