// SPDX-License-Identifier: Apache-2.0

// Identity: whose data directory this is, and under which incarnations it has lived since it was last a member of a view.
//
// A directory belongs to one replica of one cluster permanently. Each process that opens it is a new incarnation (a
// *life*), noted here before anybody hears of it; so after a failure of all, even one in the middle of starting
// again, the register's record names a life that is noted (docs/explanation/protocol.md §7). A life as a learner
// ends the list: from then on the disk is no longer a member's.
//
// Errors: those of sealed_file.h, and of same_owner(). Thread rule: none; each call waits for the disk.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/ids.h"
#include "base/result.h"
#include "store/files.h"

namespace titer::store {

struct Identity {
  std::uint64_t cluster = 0;
  ReplicaId me;
  std::vector<Incarnation> lives;  // oldest first
};

// nullopt: no process has opened this directory yet.
[[nodiscard]] Result<std::optional<Identity>> read_identity(const std::string& dir, Files& files = real_files());
[[nodiscard]] bool has_identity(const std::string& dir, Files& files = real_files());
// On disk when it returns. Of very many lives the first and the newest are kept.
[[nodiscard]] Status write_identity(const std::string& dir, const Identity& identity, Files& files = real_files());
// Is this directory the replica's? The message says what to do if not.
[[nodiscard]] Status same_owner(const std::string& dir, const Identity& found, std::uint64_t cluster, ReplicaId me);

}  // namespace titer::store
