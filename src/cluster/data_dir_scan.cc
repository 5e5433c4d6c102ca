// SPDX-License-Identifier: Apache-2.0

#include "cluster/data_dir_scan.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <utility>

#include "base/limits.h"
#include "base/number.h"
#include "store/restore_mark.h"
#include "view/restart.h"

namespace titer::cluster {

namespace {

constexpr std::string_view kReplicaPrefix = "replica-";

// "replica-2"; anything else there, a log file or a directory that was moved aside, is nobody's.
std::optional<ReplicaId> replica_named(std::string_view name) {
  if (!name.starts_with(kReplicaPrefix)) return std::nullopt;
  name.remove_prefix(kReplicaPrefix.size());
  const auto index = parse_number<std::uint16_t>(name);
  return index && *index < limits::kReplicasMax ? std::optional(ReplicaId(*index)) : std::nullopt;
}

std::vector<view::Returned> as_if_started(const DataDirScan& scan) {
  std::vector<view::Returned> returned;
  for (const ReplicaDirScan& one : scan.replicas)
    if (one.found) returned.push_back({{one.id, Incarnation(), {}}, one.found->inventory});
  return returned;
}

}  // namespace

Result<std::unique_ptr<store::DirLock>> lock_data(const std::string& dir, bool exclusive) {
  auto lock = store::real_files().lock_dir(dir, exclusive);
  if (lock || lock.error().code != Code::kBusy) return lock;
  return Error{Code::kBusy,
               dir +
                   " is in use by another titer process (a cluster that runs on it, or a restore, recover "
                   "or verify): stop that one first, or name another directory"};
}

std::string replica_dir(const std::string& dir, ReplicaId id) {
  return fmt::format("{}/{}{}", dir, kReplicaPrefix, id.value);
}

Result<std::vector<ReplicaId>> replicas_in(const std::string& dir) {
  const auto names = store::real_files().list(dir);
  if (!names) return names.error();
  std::vector<ReplicaId> ids;
  for (const std::string& name : *names)
    if (const auto id = replica_named(name)) ids.push_back(*id);
  std::ranges::sort(ids);
  return ids;
}

Result<DataDirScan> scan_data_dir(const std::string& dir, std::optional<ReplicaId> only) {
  const auto ids = replicas_in(dir);
  if (!ids) return ids.error();
  DataDirScan scan{dir, read_register(dir), {}};
  for (const ReplicaId id : *ids) {
    if (only && *only != id) continue;
    std::string path = replica_dir(dir, id);
    auto found = store::inspect(path);
    if (!found && found.error().code == Code::kBusy) return found.error();
    scan.replicas.push_back({id, std::move(path), std::move(found)});
  }
  if (only && scan.replicas.empty())
    return Error{Code::kNotFound, fmt::format("there is no {} in {}", replica_dir("", *only).substr(1), dir)};
  return scan;
}

Result<smr::ViewRecord> could_begin(const DataDirScan& scan) {
  if (!scan.reg) return scan.reg.error();
  if (!*scan.reg || !(*scan.reg)->durable || !(*scan.reg)->bootstrapped)
    return Error{Code::kNotFound, "there is no view register of a durable cluster in " + scan.dir +
                                      ": which replicas were in the last view is not known"};
  for (const ReplicaDirScan& one : scan.replicas)
    if (!one.found && one.found.error().code == Code::kForbidden) return one.found.error();
  return view::restart((*scan.reg)->record, as_if_started(scan), {});
}

std::vector<std::string> contradictions(const DataDirScan& scan) {
  std::vector<std::string> out;
  if (const Status whole = store::expect_no_restore_mark(scan.dir); !whole) out.push_back(whole.error().message);
  std::map<Position, const ReplicaDirScan*> at;
  for (const ReplicaDirScan& one : scan.replicas) {
    if (!one.found) continue;
    const store::Inspection& found = *one.found;
    const std::uint64_t cluster = scan.reg && *scan.reg ? (*scan.reg)->cluster : found.identity.cluster;
    if (const Status own = store::same_owner(one.dir, found.identity, cluster, one.id); !own)
      out.push_back(own.error().message);
    if (!found.inventory.whole) continue;
    const auto [same, first] = at.emplace(found.inventory.position, &one);
    if (!first && same->second->found->digest != found.digest)
      out.push_back(
          fmt::format("replicas {} and {} are both at position {}, but their states differ (digests {:016x} and "
                      "{:016x}): one of the two is wrong; keep both directories and compare exports",
                      same->second->id.value, one.id.value, found.inventory.position.value,
                      same->second->found->digest, found.digest));
  }
  return out;
}

}  // namespace titer::cluster
