// SPDX-License-Identifier: Apache-2.0

#include "titer/restore_host.h"

#include <fmt/format.h>

#include <optional>
#include <utility>

#include "cluster/restore.h"
#include "host/config.h"
#include "titer/command.h"
#include "titer/remote.h"
#include "titer/roster.h"
#include "view/etcd_register.h"
#include "view/startup_step.h"

namespace titer::app {

namespace {

using MaybeRecord = std::optional<view::ClusterRecord>;

// The record in which this disk is the beginning.
Result<view::ClusterRecord> next_of(const MaybeRecord& record, const smr::Member& founder, std::uint64_t source) {
  if (!record) return no_cluster();
  if (std::string why = view::displaced(*record, founder); !why.empty())
    return Error{Code::kInvalid, std::move(why)};
  if (record->cluster == source)
    return Error{
        Code::kInvalid,
        "this is the record of the cluster that was backed up, from before it began: its replicas would take "
        "the new one for it. Choose another [cluster] name, and `titer init`"};
  return view::restored(*record, founder);
}

// An earlier restore got as far as the record.
bool recorded(const MaybeRecord& record, const cluster::RestoreDirectory& target) {
  return record && record->view.members.size() == 1 && target.holds(record->cluster, record->view.members.front());
}

int finish(cluster::RestoreDirectory& target, const view::ClusterRecord& record, const host::Config& config,
           bool quiet) {
  if (const Status done = target.finish(); !done) {
    complain(done.error().message);
    return kExitUsage;
  }
  if (!quiet)
    fmt::print(
        "Cluster {:016x} begins with this backup, at replica {}. Start `titer serve` here first; the others "
        "learn.\n",
        record.cluster, config.index.value);
  return kExitOk;
}

// The change of the record failed: the register did not answer, or the record is another one by now, perhaps the one that names
// this disk.
int not_recorded(const Error& error, net::Loop& loop, const host::Config& config, cluster::RestoreDirectory& target,
                 bool quiet) {
  if (error.code != Code::kUnreachable) {
    const auto now = view::read_record(loop, config.etcd, view::register_key(config.cluster));
    if (now && recorded(*now, target)) return finish(target, **now, config, quiet);
    if (now) return fail(error);
  }
  target.keep();
  const int code = fail(error);
  complain("whether the record names the disk in " + config.data + " is not known: run the same command again");
  return code;
}

}  // namespace

Result<host::Config> read_restore_config(const std::string& path) {
  auto config = host::read_config(path);
  if (!config) return config.error();
  if (const Status ready = host::secure_etcd(*config); !ready) return ready.error();
  if (config->durable) return config;
  return Error{Code::kInvalid, "with durability memory there is no disk to restore to: export, and import"};
}

int restore_host(const host::Config& config, const store::BackupContents& backup, machine::Machine& machine,
                 cluster::RestoreDirectory& target, bool quiet) {
  const smr::Member founder{config.index, Incarnation(cluster::random_id()), config.wire.text()};
  const std::string key = view::register_key(config.cluster);
  const auto next = [&](const MaybeRecord& record) { return next_of(record, founder, backup.source.cluster); };
  net::Loop loop;
  const auto there = view::read_record(loop, config.etcd, key);
  if (!there) return fail(there.error());
  if (recorded(*there, target)) return finish(target, **there, config, quiet);
  target.discard();
  const auto first = next(*there);
  if (!first) return fail(first.error());
  const Status written = target.write_replica(first->cluster, first->view, machine, backup.clock);
  if (!written) {
    complain(written.error().message);
    return kExitUsage;
  }
  const auto record =
      view::change_record(loop, config.etcd, key, [&](const MaybeRecord& now) -> Result<view::ClusterRecord> {
        auto changed = next(now);
        if (!changed || changed->cluster == first->cluster) return changed;
        return Error{Code::kDuplicate, "another record was made meanwhile"};
      });
  if (record) return finish(target, *record, config, quiet);
  return not_recorded(record.error(), loop, config, target, quiet);
}

}  // namespace titer::app
