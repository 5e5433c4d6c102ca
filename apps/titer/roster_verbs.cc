// SPDX-License-Identifier: Apache-2.0

// titer replica: the machines of a cluster on several machines — list, add, remove, replace.
#include <memory>
#include <string>
#include <utility>

#include "titer/command.h"
#include "titer/remote.h"
#include "titer/roster.h"

namespace titer::app::roster_verbs_command {

namespace {

struct Options {
  AtRegister at;
  std::uint16_t index = 0;
  std::string machine;
};
using RosterEntryChange = Result<view::ClusterRecord> (*)(const view::ClusterRecord&, const view::RosterEntry&);

// With the machine that the command line names.
int change(const Options& options, RosterEntryChange how) {
  const auto entry = parse_roster_entry(options.index, options.machine);
  if (!entry) {
    complain(entry.error().message);
    return kExitUsage;
  }
  return change_roster(options.at, [&](const auto& there) { return there ? how(*there, *entry) : no_cluster(); });
}

int remove(const Options& options) {
  return change_roster(options.at, [&](const auto& there) {
    return there ? view::roster_entry_removed(*there, ReplicaId(options.index)) : no_cluster();
  });
}

constexpr const char* kFooter = "Exit codes: 0 done, 1 refused, 2 wrong usage, 4 the register did not answer.";

void name_replica(Flags& flags, Options& options) {
  flags.footer(kFooter);
  options.at.declare(flags);
  flags.option("index", options.index, "index of the replica").required();
}

Runner setup_list(Flags& flags) {
  auto at = std::make_shared<AtRegister>();
  at->declare(flags);
  flags.footer(kFooter);
  return [at] { return show_roster(*at); };
}

template <RosterEntryChange kHow>
Runner setup_change(Flags& flags) {
  auto options = std::make_shared<Options>();
  name_replica(flags, *options);
  flags
      .option("machine", options->machine,
              "wire address HOST:PORT, or HOST:PORT=URL with the URL of its HTTP interface")
      .required();
  return [options] { return change(*options, kHow); };
}

Runner setup_remove(Flags& flags) {
  auto options = std::make_shared<Options>();
  name_replica(flags, *options);
  return [options] { return remove(*options); };
}

Runner setup(Flags& flags) {
  flags.command("list", "show the machines, and which of them are members of the view", setup_list);
  flags.command("add", "add a machine; start `titer serve` there, and it joins",
                setup_change<view::roster_entry_added>);
  flags.command("remove", "remove a machine; its process ends", setup_remove);
  flags.command("replace", "replace a machine that has failed for good", setup_change<view::roster_entry_replaced>);
  flags.footer(kFooter);
  return {};
}

const Registration registered({Group::kCluster, "replica", "list, add, remove or replace machines of a cluster",
                               setup});

}  // namespace

}  // namespace titer::app::roster_verbs_command
