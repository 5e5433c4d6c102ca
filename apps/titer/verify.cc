// SPDX-License-Identifier: Apache-2.0

// titer verify: is what lies in a stopped cluster's data directory what was written there?
#include <fmt/format.h>

#include <boost/json/array.hpp>
#include <optional>
#include <utility>

#include "cluster/data_dir_scan.h"
#include "titer/command.h"
#include "titer/data_report.h"
#include "titer/remote.h"
#include "titer/text.h"

namespace titer::app {

namespace {

struct Options {
  std::string dir = "titer-data";
  std::optional<std::uint16_t> replica;
  bool json = false;
};

void print_register(const cluster::DataDirScan& scan) {
  if (!scan.reg) return;  // among the damages
  if (!*scan.reg) return (void)fmt::print("There is no view register in {}.\n", scan.dir);
  const cluster::RegisterState& state = **scan.reg;
  fmt::print("Cluster {:016x} of {} replicas, durability {}; view {} has the members {}.\n", state.cluster,
             state.replicas, state.durable ? "disk" : "memory", state.record.number.value,
             member_names(state.record));
  for (const std::string& loss : state.losses) fmt::print("Loss of data accepted: {}\n", loss);
}

void print_text(const cluster::DataDirScan& scan, const std::optional<Result<smr::ViewRecord>>& begins,
                const std::vector<std::string>& damaged) {
  print_register(scan);
  print_replicas(scan);
  if (begins && *begins) fmt::print("A start begins with: {}.\n", member_names(**begins));
  if (begins && !*begins) fmt::print("A start cannot begin: {}.\n", begins->error().message);
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

int run(const Options& o) {
  const auto lock = cluster::lock_data(o.dir, false);
  if (!lock) {
    complain(lock.error().message);
    return kExitUsage;
  }
  const std::optional<ReplicaId> only = o.replica ? std::optional(ReplicaId(*o.replica)) : std::nullopt;
  const auto scan = cluster::scan_data_dir(o.dir, only);
  if (!scan) {
    complain(scan.error().message);
    return kExitUsage;
  }
  const std::vector<std::string> damaged = damages(*scan);
  std::optional<Result<smr::ViewRecord>> begins;  // of one replica alone it cannot be said
  if (!only) begins = cluster::could_begin(*scan);
  if (o.json)
    print_json(*scan, begins, damaged);
  else
    print_text(*scan, begins, damaged);
  return damaged.empty() ? kExitOk : kExitRefused;
}

Runner setup(Flags& flags) {
  auto o = std::make_shared<Options>();
  flags.option("dir", o->dir, "data directory of a cluster that does not run").show_default();
  flags.option("--replica", o->replica, "look at this one only");
  flags.flag("--json", o->json, "what was found as one JSON object");
  flags.footer(
      "Reads everything — every checksum, every row, the digest of the state — and changes nothing.\n"
      "Exit codes: 0 all that is there is sound, 1 something is damaged, 2 not there, or in use.");
  return [o] { return run(*o); };
}

const Registration registered({Group::kOperate, "verify", "check the data directory of a stopped cluster", setup});

}  // namespace
}  // namespace titer::app
