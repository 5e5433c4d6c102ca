// SPDX-License-Identifier: Apache-2.0

#include "cluster/recovery.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "view/cluster_record.h"

namespace titer::cluster {

namespace {

Error refused(std::string why) { return {Code::kInvalid, std::move(why)}; }

// The register of a durable cluster that has begun, if that is what lies there.
const RegisterState* last_register(const DataDirScan& scan) {
  if (!scan.reg || !*scan.reg) return nullptr;
  const RegisterState& state = **scan.reg;
  return state.durable && state.bootstrapped ? &state : nullptr;
}

Result<const ReplicaDirScan*> usable(const DataDirScan& scan, ReplicaId from) {
  const auto one = std::ranges::find(scan.replicas, from, &ReplicaDirScan::id);
  if (one == scan.replicas.end())
    return refused(fmt::format("replica {} has no directory in {}", from.value, scan.dir));
  if (!one->found)
    return refused(
        fmt::format("the cluster cannot resume from replica {}: {}", from.value, one->found.error().message));
  const RegisterState* last = last_register(scan);
  if (const Status own = store::same_owner(one->dir, one->found->identity,
                                           last != nullptr ? last->cluster : one->found->identity.cluster, from);
      !own)
    return refused(own.error().message);
  if (!one->found->inventory.whole || one->found->inventory.lives.empty())
    return refused(fmt::format(
        "replica {} had only learned a part of the state when it ended, and a cluster cannot resume from a part",
        from.value));
  return &*one;
}

// At least as many replicas as there are directories.
std::uint16_t replicas_of(const DataDirScan& scan, const RegisterState* last) {
  const auto there = static_cast<std::uint16_t>(scan.replicas.back().id.value + 1);
  return last != nullptr ? std::max(last->replicas, there) : there;
}

ViewNumber newest_view(const DataDirScan& scan, const RegisterState* last) {
  ViewNumber newest = last != nullptr ? last->record.number : ViewNumber();
  for (const ReplicaDirScan& one : scan.replicas)
    if (one.found) newest = std::max(newest, one.found->inventory.installed);
  return newest;
}

std::string sentence(const DataDirScan& scan, const RegisterState* last, const ReplicaDirScan& from,
                     const std::string& when) {
  std::string text = fmt::format("{}: the cluster resumed from replica {} alone, from position {} of view {}", when,
                                 from.id.value, from.found->reach.value, from.found->inventory.installed.value);
  if (last == nullptr) return text + "; the view register was gone, so who had more is not known";
  text += fmt::format("; the last view was {}, of the replicas", last->record.number.value);
  for (const smr::Member& member : last->record.members) text += fmt::format(" {}", member.id.value);
  return text + fmt::format(", and none of them was there with its data in {}", scan.dir);
}

}  // namespace

Result<RegisterState> recovered_register(const DataDirScan& scan, ReplicaId from, const std::string& when) {
  if (scan.reg && *scan.reg && !(*scan.reg)->durable)
    return refused(scan.dir + " is of a cluster that kept everything in memory: there is nothing to recover from");
  if (const auto begins = could_begin(scan))
    return refused(
        "nothing is lost: a start of the cluster (`titer cluster`) goes on with every acknowledged write");
  const auto chosen = usable(scan, from);
  if (!chosen) return chosen.error();
  const store::Inspection& found = *(*chosen)->found;
  const RegisterState* last = last_register(scan);
  RegisterState next;
  next.cluster = found.identity.cluster;
  next.replicas = replicas_of(scan, last);
  next.bootstrapped = true;
  next.record.number = newest_view(scan, last).next();
  const smr::Member* before = last != nullptr ? last->record.find(from) : nullptr;
  next.record.members = {{from, found.inventory.lives.back(), before != nullptr ? before->address : std::string()}};
  next.losses = last != nullptr ? last->losses : found.recoveries;
  TITER_CHECK(last == nullptr || next.record.number > last->record.number, "a recovery is one view later");
  view::note_loss(next.losses, sentence(scan, last, **chosen, when));
  return next;
}

}  // namespace titer::cluster
