// SPDX-License-Identifier: Apache-2.0

// Recovery: resumes a cluster when no member of its last view is left with its data. An operator decides from which
// disk, and the decision stays on record permanently.
//
// A new register is written: one view later, with that replica as the only member, under an incarnation that its
// disk knows. So the next start is like any other (view/restart.h): that replica starts with its state, and the
// others learn from it. Acknowledged writes that are not on its disk are lost; the register and every replica's
// tables keep a sentence that says so. A register that is gone or damaged is made again in the same way, because
// then nobody can know which replicas were in the last view.
//
// Pure. Errors: kInvalid: a start would lose nothing, or the cluster cannot resume from this replica's disk; the
// message says why.
// Source: docs/explanation/protocol.md §7.
#pragma once

#include <string>

#include "base/ids.h"
#include "base/result.h"
#include "cluster/data_dir_scan.h"

namespace titer::cluster {

// `when`: for people, in the sentence.
[[nodiscard]] Result<RegisterState> recovered_register(const DataDirScan& scan, ReplicaId from,
                                                       const std::string& when);

}  // namespace titer::cluster
