// SPDX-License-Identifier: Apache-2.0

// Register file: the view register of a one-machine cluster on disk, so that it outlives the supervisor.
//
// Written before a record is told to anybody: what a replica has heard of is never forgotten (I4 over restarts).
// A cluster in memory leaves one too while it runs, so that after a failure of all nobody takes the next, empty cluster
// for the one before (docs/explanation/protocol.md §7).
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "smr/types.h"

namespace titer::cluster {

struct RegisterState {
  std::uint64_t cluster = 0;
  std::uint16_t replicas = 0;  // t
  bool durable = true;
  bool bootstrapped = false;  // its replicas have begun: there may be data
  smr::ViewRecord record;
  std::vector<std::string> losses;  // accepted by an operator (titer recover), oldest first (view::note_loss)
};

// For clusters and incarnations: never the same twice.
[[nodiscard]] std::uint64_t random_id();

// nullopt: there is none in this directory.
[[nodiscard]] Result<std::optional<RegisterState>> read_register(const std::string& dir);
// On disk when it returns.
[[nodiscard]] Status write_register(const std::string& dir, const RegisterState& state);
// A cluster in memory ended cleanly.
void remove_register(const std::string& dir);

}  // namespace titer::cluster
