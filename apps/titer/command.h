// SPDX-License-Identifier: Apache-2.0

// A command of the executable: one small file each, which registers itself. To add a command, add a file. Its names stand in
// a namespace of its own, titer::app::<file>_command, because files are compiled together.
//
//   Runner setup(Flags& flags) { … }                             // declares what it takes (flags.h)
//   const Registration registered({Group::kSites, "view", "show one site with its stock", setup});
#pragma once

#include <vector>

#include "host/exit_code.h"
#include "titer/flags.h"

namespace titer::app {

using host::ExitCode;
using enum host::ExitCode;

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
