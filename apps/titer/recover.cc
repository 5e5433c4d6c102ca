// SPDX-License-Identifier: Apache-2.0

// titer recover: resume from one disk, accepting the loss of newer writes, when nobody of the last view is left with its data.
#include <fmt/format.h>

#include <optional>
#include <utility>

#include "cluster/recovery.h"
#include "net/loop.h"
#include "titer/command.h"
#include "titer/data_report.h"
#include "titer/recover_host.h"
#include "titer/remote.h"
#include "titer/text.h"

namespace titer::app::recover_command {

namespace {

struct Options {
  std::string dir = "titer-data";
  std::optional<std::uint16_t> from;
  bool accept = false;
  std::string config;
};

// The data that is there, and the loss that resuming from it would mean; `from`: the replica that is asked about.
void explain(const cluster::DataDirScan& scan, std::optional<std::uint16_t> from) {
  print_replicas(scan);
  for (const std::string& sentence : damages(scan)) fmt::print("DAMAGED: {}.\n", sentence);
  const auto begins = cluster::could_begin(scan);
  if (begins)
    return (void)fmt::print("Nothing is lost: start the cluster; it begins with {}.\n", member_names(*begins));
  fmt::print("A start cannot resume: {}.\n", begins.error().message);
  const cluster::ReplicaDirScan* best = nullptr;
  const auto reach = [](const cluster::ReplicaDirScan& one) {
    return std::pair(one.found->inventory.installed, one.found->reach);
  };
  for (const cluster::ReplicaDirScan& one : scan.replicas)
    if (one.found && one.found->inventory.whole && (!from || one.id == ReplicaId(*from)) &&
        (best == nullptr || reach(one) > reach(*best)))
      best = &one;
  if (best == nullptr)
    return (void)fmt::print(
        "No whole state is left here. Bring back a replica's directory, or `titer restore` a backup.\n");
  fmt::print(
      "Resuming from replica {} would lose what was acknowledged after position {} of view {}; how much that is, "
      "only\n"
      "the missing disks know. To accept that loss: titer recover --accept-data-loss --from {} {}\n",
      best->id.value, grouped(best->found->reach.value), best->found->inventory.installed.value, best->id.value,
      scan.dir);
}

int recover(const cluster::DataDirScan& scan, ReplicaId from) {
  const auto next = cluster::recovered_register(scan, from, iso_time(net::wall_now()));
  if (!next) return fail(next.error());
  if (const Status written = cluster::write_register(scan.dir, *next); !written) return fail(written.error());
  fmt::print(
      "On record: {}.\nStart the cluster: titer cluster {} --data {}; the other replicas learn from replica {}.\n",
      next->losses.back(), next->replicas, scan.dir, from.value);
  return kExitOk;
}

int run(const Options& o) {
  if (!o.config.empty()) return recover_host(o.config, o.accept);
  if (o.accept && !o.from) {
    complain(
        "name the replica from whose disk the cluster resumes: --from I; without --accept-data-loss `titer "
        "recover` shows "
        "what each replica has");
    return kExitUsage;
  }
  const auto lock = cluster::lock_data(o.dir, true);
  if (!lock) {
    complain(lock.error().message);
    return kExitUsage;
  }
  const auto scan = cluster::scan_data_dir(o.dir, std::nullopt);
  if (!scan) {
    complain(scan.error().message);
    return kExitUsage;
  }
  if (o.accept) return recover(*scan, ReplicaId(*o.from));
  explain(*scan, o.from);
  return kExitRefused;
}

Runner setup(Flags& flags) {
  auto o = std::make_shared<Options>();
  flags.option("dir", o->dir, "data directory of a stopped cluster").show_default();
  flags.option("--from", o->from, "the replica from whose disk the cluster resumes");
  flags.option("--config", o->config,
               "titer.toml of this machine, in a cluster on several machines: resume from its disk "
               "(docs/reference/serve.md)");
  flags.flag("--accept-data-loss", o->accept,
             "do it: acknowledged writes that are not on that disk are lost; the record says so permanently");
  flags.footer(
      "Without --accept-data-loss it changes nothing, and prints what each replica has and what would be lost.\n"
      "It refuses if a start would lose nothing, or if the replica's data are damaged or incomplete (half "
      "learned).\n"
      "Exit codes: 0 done, 1 refused or only shown, 2 usage, or the directory is in use.");
  return [o] { return run(*o); };
}

const Registration registered({Group::kOperate, "recover",
                               "resume from one replica's disk, accepting the loss of newer writes", setup});

}  // namespace
}  // namespace titer::app::recover_command
