// SPDX-License-Identifier: Apache-2.0

// titer verify: is what lies in a data directory what was written there? The directory is a stopped cluster's (`titer cluster`),
// or that of one stopped replica (`titer serve`).
#include <fmt/format.h>

#include <algorithm>
#include <boost/json/array.hpp>
#include <optional>
#include <utility>

#include "base/text.h"
#include "cluster/data_dir_scan.h"
#include "host/config.h"
#include "store/restore_mark.h"
#include "titer/command.h"
#include "titer/data_report.h"
#include "titer/remote.h"
#include "titer/text.h"

namespace titer::app::verify_command {

namespace {

struct Options {
  std::string dir = "titer-data", config;
  std::optional<std::uint16_t> replica;
  bool json = false;
};

void print_register(const cluster::DataDirScan& scan) {
  if (!scan.reg) return;                                    // among the damages
  if (!*scan.reg && store::has_identity(scan.dir)) return;  // of `titer serve`: its register is elsewhere
  if (!*scan.reg) return (void)fmt::print("There is no view register in {}.\n", scan.dir);
  const cluster::RegisterState& state = **scan.reg;
  fmt::print("Cluster {:016x} of {} replicas, durability {}; view {} has the members {}.\n", state.cluster,
             state.replicas, state.durable ? "disk" : "memory", state.record.number.value,
             member_names(state.record));
  for (const std::string& loss : state.losses) fmt::print("Loss of data accepted: {}\n", printable(loss));
}

void print_text(const cluster::DataDirScan& scan, const std::optional<Result<smr::ViewRecord>>& begins,
                const std::vector<std::string>& damaged) {
  print_register(scan);
  print_replicas(scan);
  if (begins && *begins) fmt::print("On a start these replicas resume: {}.\n", member_names(**begins));
  if (begins && !*begins) fmt::print("A start cannot resume: {}.\n", begins->error().message);
  for (const std::string& sentence : damaged) fmt::print("DAMAGED: {}.\n", sentence);
  if (damaged.empty()) fmt::print("All that is here is sound.\n");
}

void print_json(const cluster::DataDirScan& scan, const std::optional<Result<smr::ViewRecord>>& begins,
                const std::vector<std::string>& damaged) {
  boost::json::object out = to_json(scan);
  if (begins && *begins) {
    boost::json::array& members = out["begins_with"].emplace_array();
    for (const smr::Member& member : (*begins)->members) members.push_back(member.id.value);
  } else if (begins) {
    out["obstacle"] = begins->error().message;
  }
  boost::json::array& sentences = out["damages"].emplace_array();
  for (const std::string& sentence : damaged) sentences.emplace_back(sentence);
  out["sound"] = damaged.empty();
  print_line(out);
}

int refuse(const std::string& why) {
  complain(why);
  return kExitUsage;
}

int report(const Options& o, const cluster::DataDirScan& scan,
           const std::optional<Result<smr::ViewRecord>>& begins) {
  const std::vector<std::string> damaged = damages(scan);
  if (o.json)
    print_json(scan, begins, damaged);
  else
    print_text(scan, begins, damaged);
  return damaged.empty() ? kExitOk : kExitRefused;
}

// The directory of `titer serve` is one replica's; it has no register, so nothing can be said of how a cluster begins.
int verify_replica(const Options& o) {
  auto found = store::inspect(o.dir);
  if (!found && found.error().code == Code::kBusy) return refuse(found.error().message);
  const ReplicaId id = found ? found->identity.me : ReplicaId();
  cluster::DataDirScan scan{o.dir, std::optional<cluster::RegisterState>(), {}};
  scan.replicas.push_back({id, o.dir, std::move(found)});
  return report(o, scan, std::nullopt);
}

int verify_cluster(const Options& o) {
  const auto lock = cluster::lock_data(o.dir, false);
  if (!lock) return refuse(lock.error().message);
  const std::optional<ReplicaId> only = o.replica ? std::optional(ReplicaId(*o.replica)) : std::nullopt;
  const auto scan = cluster::scan_data_dir(o.dir, only);
  if (!scan) return refuse(scan.error().message);
  const bool nobody = std::ranges::all_of(scan->replicas, [](const cluster::ReplicaDirScan& one) {
    return !one.found && one.found.error().code == Code::kNotFound;
  });
  if (scan->reg && !*scan->reg && nobody && !store::has_restore_mark(o.dir))
    return refuse("there is nothing to check in " + o.dir + ": neither a view register nor a replica's data");
  if (only) return report(o, *scan, std::nullopt);  // of one replica alone it cannot be said how a start begins
  return report(o, *scan, cluster::could_begin(*scan));
}

// The data directory that was named, or that of the configuration.
int run(Options o) {
  if (!o.config.empty()) {
    const auto config = host::read_config(o.config);
    if (!config) return refuse(config.error().message);
    if (!config->durable) return refuse("with durability memory there is no disk to check");
    o.dir = config->data;
  }
  return store::has_identity(o.dir) ? verify_replica(o) : verify_cluster(o);
}

Runner setup(Flags& flags) {
  auto o = std::make_shared<Options>();
  flags.option("dir", o->dir, "data directory of a stopped cluster, or of a stopped replica of `titer serve`")
      .show_default();
  flags.option("--config", o->config, "titer.toml of a replica of `titer serve`, in place of the directory");
  flags.option("--replica", o->replica, "check only the replica with this index");
  flags.flag("--json", o->json, "print the result as one JSON object");
  flags.footer(
      "Reads everything — every checksum, every row, the digest of the state — and changes nothing.\n"
      "Exit codes: 0 everything is intact, 1 something is damaged, 2 there is no data, or it is in use.");
  return [o] { return run(*o); };
}

const Registration registered({Group::kOperate, "verify", "check the data directory of a stopped cluster", setup});

}  // namespace
}  // namespace titer::app::verify_command
