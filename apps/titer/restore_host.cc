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

Result<host::Config> read(const std::string& path) {
  auto config = host::read_config(path);
  if (!config) return config.error();
  if (const Status ready = host::secure_etcd(*config); !ready) return ready.error();
  if (config->durable) return config;
  return Error{Code::kInvalid, "with durability memory there is no disk to restore to: export, and import"};
}

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

// Whether the record has it may be unknown.
int not_recorded(const Error& error, const std::string& data) {
  const int code = fail(error);
  complain(data +
           " has the state of the backup. If `titer replica list` shows this replica as a member, start `titer "
           "serve` here; if not, remove the directory");
  return code;
}

}  // namespace

int restore_host(const std::string& path, const store::BackupContents& backup, machine::Machine& machine,
                 bool quiet) {
  const auto config = read(path);
  if (!config) {
    complain(config.error().message);
    return kExitUsage;
  }
  const smr::Member founder{config->index, Incarnation(cluster::random_id()), config->wire.text()};
  const std::string key = view::register_key(config->cluster);
  const auto next = [&](const MaybeRecord& record) { return next_of(record, founder, backup.source.cluster); };
  net::Loop loop;
  const auto there = view::read_record(loop, config->etcd, key);
  const auto first = there ? next(*there) : there.error();
  if (!first) return fail(first.error());
  const Status written = cluster::restore_replica(config->data, first->cluster, first->view, machine, backup.clock);
  if (!written) {
    complain(written.error().message);
    return kExitUsage;
  }
  const auto record =
      view::change_record(loop, config->etcd, key, [&](const MaybeRecord& now) -> Result<view::ClusterRecord> {
        auto changed = next(now);
        if (!changed || changed->cluster == first->cluster) return changed;
        return Error{Code::kDuplicate, "another record was made meanwhile"};
      });
  if (!record) return not_recorded(record.error(), config->data);
  if (!quiet)
    fmt::print(
        "Cluster {:016x} begins with this backup, at replica {}. Start `titer serve` here first; the others "
        "learn.\n",
        record->cluster, config->index.value);
  return kExitOk;
}

}  // namespace titer::app
