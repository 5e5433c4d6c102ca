// SPDX-License-Identifier: Apache-2.0

// Restore: a new cluster whose state is that of a backup, ready to be started.
//
// It writes what a cluster of one replica would leave behind: the disk of a replica that bootstrapped the cluster
// in view 0 and has executed all of the backup. The register then names it as the only member: here a directory for
// one machine gets its register beside it; on several machines the record is in etcd (apps/titer/restore_host.h).
// So the first start is the ordinary one after the failure of all: it begins with that disk, the others learn. The
// cluster has an identity of its own, so nothing of the one that was backed up can be mistaken for a part of it.
//
// `machine`: the state, which was built while it tracked its changes; `clock`: not below any timestamp in it.
// While it is written, the directory has the restore mark (store/restore_mark.h): after an interruption no start takes it for
// a new cluster's, and the next restore starts from scratch.
//
// Errors: the directory is not empty, in use (kBusy) or cannot be written; files made in it are removed again.
// Thread rule: none; it waits for the disk.
#pragma once

#include <cstdint>
#include <string>

#include "base/ids.h"
#include "base/result.h"
#include "cluster/register_file.h"
#include "machine/machine.h"

namespace titer::cluster {

// A directory for one machine. Its register is written last: a disk without one is refused by every start.
[[nodiscard]] Result<RegisterState> restore_cluster(const std::string& dir, std::uint16_t replicas,
                                                    machine::Machine& machine, LamportTime clock);

// The disk alone, of the only member of `first`, which is a view 0. On disk when it returns.
[[nodiscard]] Status restore_replica(const std::string& dir, std::uint64_t cluster, const smr::ViewRecord& first,
                                     machine::Machine& machine, LamportTime clock);

}  // namespace titer::cluster
