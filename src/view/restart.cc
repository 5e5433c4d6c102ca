// SPDX-License-Identifier: Apache-2.0

#include "view/restart.h"

#include <algorithm>

#include "base/check.h"
#include "base/rules.h"
#include "view/record.h"

namespace titer::view {

namespace {

bool can_begin(const smr::ViewRecord& last, const Returned& one) {
  if (!one.inventory.refusal.empty() || !one.inventory.whole) return false;
  if (!rule_enabled(ProtocolRule::kLastView)) return true;
  const smr::Member* member = last.find(one.now.id);
  const auto& lives = one.inventory.lives;
  if (member == nullptr) return false;
  if (!rule_enabled(ProtocolRule::kLives))
    return lives.size() > 1 && lives[lives.size() - 2] == member->incarnation;
  return std::ranges::count(lives, member->incarnation) > 0;
}

std::string names(const std::vector<smr::Member>& members) {
  std::string text;
  for (const smr::Member& member : members) text += (text.empty() ? "" : ", ") + std::to_string(member.id.value);
  return text;
}

Error nobody(const smr::ViewRecord& last, const std::vector<Returned>& returned) {
  std::string text = "no acknowledged write can be told from a lost one: of the last view, " +
                     std::to_string(last.number.value) + ", nobody is here with its data (replicas " +
                     names(last.members) + " were in it). Bring back the data directory of one of them";
  std::string refused;
  for (const Returned& one : returned)
    if (!one.inventory.refusal.empty())
      refused +=
          "; replica " + std::to_string(one.now.id.value) + " did not read its disk: " + one.inventory.refusal;
  if (!refused.empty())
    return {Code::kUnavailable, text + refused +
                                    ". Correct that and start the cluster again; the disks were not changed. If a "
                                    "disk is lost for good, `titer recover` shows what can be done"};
  for (const Returned& one : returned)
    if (one.inventory.whole)
      text += "; replica " + std::to_string(one.now.id.value) + " has position " +
              std::to_string(one.inventory.position.value) + " of view " +
              std::to_string(one.inventory.installed.value) + " or later, but " +
              (last.find(one.now.id) == nullptr ? "it was excluded before the end"
                                                : "its disk is older than the last view");
  return {Code::kUnavailable, text + ". To resume and accept the loss: titer recover --accept-data-loss --from I"};
}

}  // namespace

Result<smr::ViewRecord> restart(const smr::ViewRecord& last, const std::vector<Returned>& returned,
                                const std::vector<Incarnation>& dead, std::size_t dead_max) {
  ViewNumber top;
  for (const Returned& one : returned)
    if (can_begin(last, one)) top = std::max(top, one.inventory.installed);
  smr::ViewRecord next{last.number.next(), {}, {}};
  for (const Returned& one : returned)
    if (can_begin(last, one) && (one.inventory.installed == top || !rule_enabled(ProtocolRule::kTopFirst)))
      next.members.push_back(one.now);
  if (next.members.empty()) return nobody(last, returned);
  std::ranges::sort(next.members, {}, &smr::Member::id);
  TITER_CHECK(next.members.size() <= last.members.size() || !rule_enabled(ProtocolRule::kLastView),
              "only members of the last view restart");
  next.known_dead = dead;
  for (const smr::Member& member : last.members) next.known_dead.push_back(member.incarnation);
  keep_newest(next.known_dead, dead_max);
  return next;
}

}  // namespace titer::view
