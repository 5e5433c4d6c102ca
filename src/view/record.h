// SPDX-License-Identifier: Apache-2.0

// Which view record may follow another: the rules of the register as pure functions, for its implementations.
//
// The register is a single cell: compare-and-set from view v to v+1, one record per number (I4). Two views in
// a row must share a member with full state, so a successor never removes everybody. Source: docs/explanation/protocol.md
// §4.
#pragma once

#include <cstddef>
#include <vector>

#include "base/limits.h"
#include "base/result.h"
#include "smr/types.h"

namespace titer::view {

// `record` with the next number and without these members; of `dead` (incarnations that are certainly dead, in the order
// of their deaths) the newest `dead_max` are noted; fewer in simulations. kInvalid: nobody would be left.
[[nodiscard]] Result<smr::ViewRecord> without(const smr::ViewRecord& record, smr::ReplicaSet leaving,
                                              const std::vector<Incarnation>& dead,
                                              std::size_t dead_max = limits::kKnownDeadMax);
// Only the newest `most` stay.
void keep_newest(std::vector<Incarnation>& dead, std::size_t most);
// `record` with the next number and this member added. kDuplicate: its id is taken.
[[nodiscard]] Result<smr::ViewRecord> with(const smr::ViewRecord& record, const smr::Member& joining);

}  // namespace titer::view
