// SPDX-License-Identifier: Apache-2.0

// titer init: makes the record of a new cluster on several machines.
#include <fmt/format.h>

#include <memory>
#include <string>
#include <vector>

#include "cluster/register_file.h"
#include "host/secret_file.h"
#include "titer/command.h"
#include "titer/remote.h"
#include "titer/roster.h"

namespace titer::app::init_command {

namespace {

struct Options {
  AtRegister at;
  std::vector<std::string> machines;
  bool if_absent = false;
};

// The secret of the replicas, where the configuration names a file for it that is not there yet.
Status make_secret(const std::string& config_path) {
  const auto config = host::read_config(config_path);
  if (!config) return config.error();
  if (config->secret_file.empty()) return ok_status();
  const auto made = host::make_secret(config->secret_file);
  if (!made) return made.error();
  if (*made)
    fmt::print(
        "The secret of the replicas is in {}: copy it to the same place on each machine, readable by its "
        "owner alone.\n",
        config->secret_file);
  else if (const auto there = host::read_secret(config->secret_file); !there)
    return there.error();
  return ok_status();
}

int run(const Options& options) {
  view::ClusterRecord fresh;
  fresh.cluster = cluster::random_id();
  for (const std::string& text : options.machines) {
    const auto entry = parse_roster_entry(static_cast<std::uint16_t>(fresh.roster.size()), text);
    auto next = entry ? view::roster_entry_added(fresh, *entry) : entry.error();
    if (!next) {
      complain(next.error().message);
      return kExitUsage;
    }
    fresh = std::move(next).value();
  }
  // Before the record: a command that is interrupted here, or cannot write the file, can be run again.
  if (const Status made = make_secret(options.at.config); !made) {
    complain(made.error().message);
    return kExitUsage;
  }
  const int code = change_roster(
      options.at, [&](const std::optional<view::ClusterRecord>& there) -> Result<view::ClusterRecord> {
        if (!there) return fresh;
        if (options.if_absent) return *there;
        return Error{Code::kDuplicate,
                     "the register has a cluster of this name already; choose another [cluster] name. "
                     "`titer replica list` shows the one that is there"};
      });
  if (code != kExitOk) return code;
  fmt::print("Start `titer serve` on each machine: the first bootstraps the cluster, the others join.\n");
  return kExitOk;
}

Runner setup(Flags& flags) {
  auto options = std::make_shared<Options>();
  options->at.declare(flags);
  flags
      .option("machines", options->machines,
              "wire address of each replica, in the order of their indices: HOST:PORT, or HOST:PORT=URL with the "
              "address of its HTTP interface")
      .required();
  flags.flag("--if-absent", options->if_absent, "if there is a record of this name, change nothing and succeed");
  flags.footer(
      "It refuses if the register has a cluster of this name. To add machines later: `titer replica add`.");
  return [options] { return run(*options); };
}

const Registration registered({Group::kCluster, "init", "create the record of a cluster on several machines",
                               setup});

}  // namespace

}  // namespace titer::app::init_command
