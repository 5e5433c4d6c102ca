// Restore: a new cluster whose state is that of a backup, in a directory of its own, ready to be started.
//
// What is written is what a cluster of one would leave behind: replica 0's disk, as a founder in view 0 that has executed
// all of the backup, and a register that names it. The first start begins with it, the others learn. The cluster has an
// identity of its own, so nothing of the one that was backed up can be mistaken for a part of it.
// Errors: the directory is not empty or cannot be written; what was made in it is taken away again.
// Thread rule: none; it waits for the disk.
#pragma once

#include <cstdint>
#include <string>

#include "base/ids.h"
#include "base/result.h"
#include "cluster/register_file.h"
#include "machine/machine.h"

namespace titer::cluster {

// `machine`: the state, which was built while it tracked its changes; `clock`: not below any timestamp in it.
[[nodiscard]] Result<RegisterState> restore_cluster(const std::string& dir, std::uint16_t replicas,
                                                    machine::Machine& machine, LamportTime clock);

}  // namespace titer::cluster
