// SPDX-License-Identifier: Apache-2.0

#include "view/startup_step.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "base/rules.h"

namespace titer::view {

namespace {

using Kind = StartupStep::Kind;

bool contains(const std::vector<Incarnation>& list, Incarnation one) {
  return std::ranges::find(list, one) != list.end();
}

// Nobody has begun.
StartupStep first_step(const ClusterRecord& record, const StartingProcess& self) {
  if (!self.empty)
    return {Kind::kRefuse,
            "the cluster has not begun, but there is data of it on this disk: this is not the record that it had, "
            "or a `titer restore` ended before the record knew of it. If the register is right, remove the data "
            "directory, and restore again if there is something to restore"};
  NextRecord next = bootstrapped(record, self.now);
  TITER_CHECK(!next || next->view.members.size() == 1, "a bootstrap has one member");
  return {Kind::kChange, {}, std::move(next), true};
}

// A learner. Its disk helps, unless it holds a backup that is not the beginning of this cluster. A process of a member of
// the view says that its disk is no member's any more: nobody has to wait for it.
StartupStep learn(const ClusterRecord& record, const StartingProcess& self) {
  if (!self.inventory.whole || self.inventory.installed != ViewNumber()) {
    const smr::Member* before = record.holder(self.now.id);
    if (before == nullptr || before->incarnation == self.now.incarnation) return {Kind::kLearn};
    Returned claim{self.now, self.inventory};
    claim.inventory.whole = false;
    if (NextRecord announce = announced(record, claim)) return {Kind::kChange, {}, std::move(announce)};
    return {Kind::kLearn, disk_gone_back(record, self.now.id, self.inventory)};
  }
  return {Kind::kRefuse,
          "a backup was restored on this disk, but the cluster does not continue from it: the cluster has begun "
          "with other data, or has left this replica behind since. Remove the data directory; then it learns from "
          "the others"};
}

StartupStep bootstrap_again(const ClusterRecord& record, const StartingProcess& self) {
  ClusterRecord next = record;
  next.view.number = record.view.number.next();
  next.view.members = {self.now};
  next.returned.clear();
  return {Kind::kChange, {}, std::move(next), true};
}

const Returned* announcement(const ClusterRecord& record, ReplicaId id) {
  const auto at = std::ranges::find(record.returned, id, [](const Returned& one) { return one.now.id; });
  return at == record.returned.end() ? nullptr : &*at;
}

std::string waits_for(const ClusterRecord& record) {
  std::string who;
  for (const smr::Member& member : record.holders()) {
    if (announcement(record, member.id) != nullptr) continue;
    who += fmt::format("{}{}", who.empty() ? "" : ", ", member.id.value);
    if (const DiskMark* mark = record.mark(member.id))
      who += fmt::format(" (last recorded at position {} of view {})", mark->position.value, mark->installed.value);
  }
  return who;
}

StartupStep resume(const ClusterRecord& record, const StartingProcess& self, std::int64_t waited_us) {
  NextRecord announce = announced(record, {self.now, self.inventory});
  if (announce) return {Kind::kChange, {}, std::move(announce)};
  std::size_t intact = 0, answered = 0;
  const std::vector<smr::Member>& holders = record.holders();
  for (const smr::Member& member : holders) {
    const Returned* one = announcement(record, member.id);
    if (one == nullptr) continue;
    ++answered;
    if (one->inventory.whole && contains(one->inventory.lives, member.incarnation)) ++intact;
  }
  const bool any = self.any_may_restart || (record.restart && record.restart->any);
  const bool enough = any || 2 * intact > holders.size();
  if (answered < holders.size() && (!enough || waited_us < kGraceUs))
    return {Kind::kWait,
            fmt::format("it was a member of view {}, the last one; to restart it waits for replicas that may hold "
                        "newer writes: {}. Start them; if their disks are lost, `titer recover` resumes without "
                        "them",
                        record.view.number.value, waits_for(record))};
  auto next = restarted(record);
  if (!next) return {Kind::kWait, next.error().message};
  if (self.any_may_restart) next->restart->any = true;
  return {Kind::kChange, {}, std::move(next).value()};
}

}  // namespace

StartupStep decide_startup(const ClusterRecord& record, const StartingProcess& self, std::int64_t waited_us) {
  if (std::string why = displaced(record, self.now); !why.empty()) return {Kind::kRefuse, std::move(why)};
  if (record.view.members.empty()) return first_step(record, self);
  if (record.view.has(self.now.id, self.now.incarnation)) {
    if (self.inventory.whole) return {Kind::kResume};
    return {contains(self.bootstrap_attempts, self.now.incarnation) ? Kind::kBootstrap : Kind::kLearn};
  }
  const smr::Member* before = record.holder(self.now.id);
  if (before == nullptr) return learn(record, self);
  if (self.inventory.whole && contains(self.inventory.lives, before->incarnation) &&
      disk_gone_back(record, self.now.id, self.inventory).empty() && rule_enabled(ProtocolRule::kOwnDisk))
    return resume(record, self, waited_us);
  const bool bootstrapping = record.view.members.size() == 1 && !self.inventory.whole;
  if (bootstrapping && contains(self.bootstrap_attempts, before->incarnation)) return bootstrap_again(record, self);
  return learn(record, self);
}

std::string disk_gone_back(const ClusterRecord& record, ReplicaId id, const wire::Inventory& inventory) {
  const DiskMark* mark = record.mark(id);
  if (mark == nullptr || !inventory.whole || !contains(inventory.lives, mark->incarnation)) return {};
  if (inventory.installed >= mark->installed && inventory.position >= mark->position) return {};
  return fmt::format(
      "this disk has gone back in time: it holds position {} of view {}, and it held position {} of view {} before",
      inventory.position.value, inventory.installed.value, mark->position.value, mark->installed.value);
}

bool gives_way(const ClusterRecord& record, const smr::Member& me, bool full) {
  if (full || !record.view.has(me.id, me.incarnation) || !rule_enabled(ProtocolRule::kGivesWay)) return false;
  return std::ranges::any_of(record.returned, [&](const Returned& one) {
    const smr::Member* before = record.holder(one.now.id);
    return one.inventory.whole && before != nullptr && before->incarnation != one.now.incarnation &&
           contains(one.inventory.lives, before->incarnation);
  });
}

std::string displaced(const ClusterRecord& record, const smr::Member& me) {
  const RosterEntry* entry = record.entry(me.id);
  if (entry == nullptr)
    return fmt::format(
        "replica {} is not in the cluster's roster (any more): `titer replica add {} {}` puts it there",
        me.id.value, me.id.value, me.address);
  if (entry->wire == me.address) return {};
  return fmt::format(
      "the cluster's roster has replica {} at {}, and this one is at {}: correct the configuration, or run `titer "
      "replica replace {} {}` if this machine takes its place",
      me.id.value, entry->wire, me.address, me.id.value, me.address);
}

}  // namespace titer::view
