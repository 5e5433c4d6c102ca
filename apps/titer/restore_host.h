// SPDX-License-Identifier: Apache-2.0

// titer restore --config: a backup is the beginning of a cluster on several machines, on the machine that bootstraps it.
//
// `titer init` has made the record, nobody has begun. First the disk is written, as that of a bootstrapping process in view 0
// (cluster/restore.h), then the record is changed from "nobody" to "the life on this disk", by compare-and-set, so
// nobody can have founded meanwhile or do so later. `titer serve` begins with that disk as after the failure of all,
// the others learn. If this ends in between, or somebody else was faster, the disk is one that no record knows, and
// `titer serve` refuses it (view/startup_step.h). It is left where it is: a lost answer does not say what the record
// has.
#pragma once

#include <string>

#include "machine/machine.h"
#include "store/backup_reader.h"

namespace titer::app {

// `machine` has the state of the backup, which was built while it tracked its changes. The exit code; what went wrong
// is told; what it did is, unless `quiet`.
[[nodiscard]] int restore_host(const std::string& config, const store::BackupContents& backup,
                               machine::Machine& machine, bool quiet);

}  // namespace titer::app
