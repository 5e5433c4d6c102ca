// SPDX-License-Identifier: Apache-2.0

// titer restore --config: a backup is the beginning of a cluster on several machines, on the machine that bootstraps it.
//
// `titer init` has made the record, nobody has begun. First the disk is written, as that of a bootstrapping process in view 0
// (cluster/restore.h), then the record is changed from "nobody" to "the life on this disk", by compare-and-set, so
// nobody can have founded meanwhile or do so later. Last the mark of the restore is removed, and `titer serve` begins with that
// disk as after the failure of all; the others learn. If this ends in between, the mark stays, and the same command finds out
// whether the record names the disk. If somebody else was faster, the disk is taken away.
#pragma once

#include <string>

#include "cluster/restore.h"
#include "host/config.h"
#include "machine/machine.h"
#include "store/backup_reader.h"

namespace titer::app {

// The file, if a backup can be restored with it. Errors are of usage.
[[nodiscard]] Result<host::Config> read_restore_config(const std::string& path);
// `machine` has the state of the backup, which was built while it tracked its changes. The exit code; what went wrong
// is told; what it did is, unless `quiet`.
[[nodiscard]] int restore_host(const host::Config& config, const store::BackupContents& backup,
                               machine::Machine& machine, cluster::RestoreDirectory& target, bool quiet);

}  // namespace titer::app
