// SPDX-License-Identifier: Apache-2.0

// titer replica: the machines of a cluster on several machines — list, add, remove, replace.
#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "titer/command.h"
#include "titer/remote.h"
#include "titer/roster.h"

namespace titer::app {

namespace {

struct Options {
  AtRegister at;
  std::uint16_t index = 0;
  std::string machine;
  Runner chosen;
};
using Shared = std::shared_ptr<Options>;
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

CLI::App* verb(CLI::App& app, const Shared& options, const char* name, const char* what, Runner run) {
  CLI::App* sub = app.add_subcommand(name, what);
  options->at.declare(*sub);
  sub->callback([options, run = std::move(run)] { options->chosen = run; });
  return sub;
}

void name_replica(CLI::App* sub, const Shared& options, bool and_machine) {
  sub->add_option("index", options->index, "of the replica")->required();
  if (and_machine)
    sub->add_option("machine", options->machine,
                    "HOST:PORT of its wire, or HOST:PORT=URL with that of its HTTP interface")
        ->required();
}

Runner setup(CLI::App& app) {
  auto options = std::make_shared<Options>();
  app.require_subcommand(1);
  verb(app, options, "list", "show the machines, and who is a member of the view",
       [options] { return show_roster(options->at); });
  name_replica(verb(app, options, "add", "one more machine; `titer serve` there joins",
                    [options] { return change(*options, view::roster_entry_added); }),
               options, true);
  name_replica(
      verb(app, options, "remove", "one machine less; its process ends", [options] { return remove(*options); }),
      options, false);
  name_replica(verb(app, options, "replace", "another machine takes the place of one that is gone",
                    [options] { return change(*options, view::roster_entry_replaced); }),
               options, true);
  return [options] { return options->chosen(); };
}

const Registration registered({Group::kCluster, "replica", "list, add, remove or replace machines of a cluster",
                               setup});

}  // namespace

}  // namespace titer::app
