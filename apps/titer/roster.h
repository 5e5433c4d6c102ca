// SPDX-License-Identifier: Apache-2.0

// What the commands share that change the record of a cluster on several machines: its configuration, and machines as
// people write them.
#pragma once

#include <string>

#include "host/config.h"
#include "view/record_change.h"

namespace titer::app {

class Flags;

// --config
struct AtRegister {
  std::string config;
  void declare(Flags& flags);
};

// HOST:PORT, or HOST:PORT=http://HOST:PORT with the HTTP interface's address.
[[nodiscard]] Result<view::RosterEntry> parse_roster_entry(std::uint16_t index, const std::string& text);
[[nodiscard]] Error no_cluster();
// A line per machine.
void print_roster(const view::ClusterRecord& record);
// Shows the record that the configuration names, or changes it and shows what became of it; what went wrong is told. The
// exit code.
[[nodiscard]] int show_roster(const AtRegister& at);
[[nodiscard]] int change_roster(const AtRegister& at, const view::Change& change);

}  // namespace titer::app
