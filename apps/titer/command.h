// SPDX-License-Identifier: Apache-2.0

// A command of the executable: one small file each, which registers itself. To add a command, add a file.
//
//   Runner setup(Flags& flags) { … }                             // declares what it takes (flags.h)
//   const Registration registered({Group::kSites, "view", "show one site with its stock", setup});
#pragma once

#include <vector>

#include "titer/flags.h"

namespace titer::app {

// Documented in docs/reference/cli.md and --help.
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

struct Command {
  Group group;
  const char* name;
  const char* summary;
  Runner (*setup)(Flags& flags);
};

class Registration {
 public:
  explicit Registration(const Command& command);
};

// All registered ones, by group, then by the order of names.
[[nodiscard]] std::vector<Command> all_commands();

}  // namespace titer::app
