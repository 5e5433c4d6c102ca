// SPDX-License-Identifier: Apache-2.0

#include "view/startup_step.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

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
  return {Kind::kChange, {}, std::move(next), true};
}

// A learner. Its disk helps, unless it holds a backup that is not the beginning of this cluster.
StartupStep learn(const StartingProcess& self) {
  if (!self.inventory.whole || self.inventory.installed != ViewNumber()) return {Kind::kLearn};
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

// True if this member has announced its disk, and that disk knows the incarnation under which it was a member.
bool has_returned(const ClusterRecord& record, const smr::Member& member) {
  return std::ranges::any_of(record.returned, [&](const Returned& one) {
    return one.now.id == member.id && contains(one.inventory.lives, member.incarnation);
  });
}

std::string absent(const ClusterRecord& record) {
  std::string text;
  for (const smr::Member& member : record.view.members)
    if (!has_returned(record, member)) text += fmt::format(" {}", member.id.value);
  return text;
}

StartupStep resume(const ClusterRecord& record, const StartingProcess& self, std::int64_t waited_us) {
  NextRecord announce = announced(record, {self.now, self.inventory});
  if (announce) return {Kind::kChange, {}, std::move(announce)};
  const bool all = std::ranges::all_of(record.view.members,
                                       [&](const smr::Member& member) { return has_returned(record, member); });
  if (!all && waited_us < kGraceUs)
    return {Kind::kWait, "it was a member of the last view; to restart it waits for replicas" + absent(record)};
  auto next = restarted(record);
  if (!next) return {Kind::kWait, next.error().message};
  return {Kind::kChange, {}, std::move(next).value()};
}

}  // namespace

StartupStep decide_startup(const ClusterRecord& record, const StartingProcess& self, std::int64_t waited_us) {
  if (std::string why = displaced(record, self.now); !why.empty()) return {Kind::kRefuse, std::move(why)};
  if (record.view.members.empty()) return first_step(record, self);
  const smr::Member* before = record.view.find(self.now.id);
  if (before == nullptr) return learn(self);
  if (before->incarnation == self.now.incarnation) {
    if (self.inventory.whole) return {Kind::kResume};
    return {contains(self.bootstrap_attempts, self.now.incarnation) ? Kind::kBootstrap : Kind::kLearn};
  }
  if (self.inventory.whole && contains(self.inventory.lives, before->incarnation))
    return resume(record, self, waited_us);
  const bool bootstrapping = record.view.members.size() == 1 && !self.inventory.whole;
  if (bootstrapping && contains(self.bootstrap_attempts, before->incarnation)) return bootstrap_again(record, self);
  return learn(self);
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
