// SPDX-License-Identifier: Apache-2.0

// titer init: makes the record of a new cluster on several machines.
#include <fmt/format.h>

#include <memory>
#include <string>
#include <vector>

#include "cluster/register_file.h"
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
  const int code = change_roster(
      options.at, [&](const std::optional<view::ClusterRecord>& there) -> Result<view::ClusterRecord> {
        if (!there) return fresh;
        if (options.if_absent) return *there;
        return Error{Code::kDuplicate,
                     "the register has a cluster of this name already; choose another [cluster] name. "
                     "`titer replica list` shows the one that is there"};
      });
  if (code == kExitOk)
    fmt::print("Start `titer serve` on each machine: the first bootstraps the cluster, the others join.\n");
  return code;
}

Runner setup(Flags& flags) {
  auto options = std::make_shared<Options>();
  options->at.declare(flags);
  flags
      .option("machines", options->machines,
              "wire address of each replica, in the order of their indices: HOST:PORT, or HOST:PORT=URL with the "
              "address of its HTTP interface")
      .required();
  flags.flag("--if-absent", options->if_absent,
             "change nothing, and succeed, where there is a record of this name");
  flags.footer("It refuses where the register has a cluster of this name. More machines: `titer replica add`.");
  return [options] { return run(*options); };
}

const Registration registered({Group::kCluster, "init", "make the record of a cluster on several machines", setup});

}  // namespace

}  // namespace titer::app::init_command
