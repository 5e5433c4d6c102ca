// SPDX-License-Identifier: Apache-2.0

// A command of the executable: one small file each, which registers itself. To add a command, add a file.
//
//   struct Options { … };
//   int run(const Options& options) { … }                       // returns an exit code
//   Runner setup(CLI::App& app) {                                // declares the options
//     auto options = std::make_shared<Options>();
//     app.add_option("site", options->site, "id or name of the site")->required();
//     return [options] { return run(*options); };
//   }
//   const Registration registered({Group::kSites, "view", "show one site with its stock", setup});
#pragma once

#include <CLI/CLI.hpp>
#include <functional>
#include <string>
#include <vector>

namespace titer::app {

// Documented in README and --help.
enum ExitCode : int {
  kExitOk = 0,
  kExitRefused = 1,        // the database refused it: not found, conflict, not enough …; or a check failed
  kExitUsage = 2,          // the command line, a file or a port that cannot be used
  kExitExcluded = 3,       // this replica is no member of the view any more
  kExitUnreachable = 4,    // no replica answered, or the outcome is not known
  kExitUnknown = 5,        // check: the time was over before the verdict was known
  kExitInterrupted = 130,  // Ctrl-C
};

// Headings of the list that `titer` alone prints, in this order.
// kHidden: started by other commands, not by people.
enum class Group { kCluster, kSites, kStock, kFiles, kOperate, kHidden };

using Runner = std::function<int()>;
struct Command {
  Group group;
  const char* name;
  const char* summary;
  Runner (*setup)(CLI::App& app);
};

class Registration {
 public:
  explicit Registration(const Command& command);
};

// All registered ones, by group, then by the order of names.
[[nodiscard]] std::vector<Command> all_commands();

}  // namespace titer::app
