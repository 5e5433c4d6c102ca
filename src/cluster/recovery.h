// Recovery: how a cluster goes on when nobody of its last view is left with its data — by the decision of an operator,
// who says from whose disk, and on record for ever.
//
// The register is written anew: one view later, with that replica as the only member, under a life that its disk knows.
// So the next start is like any other (view/restart.h): it begins, the others learn from it. What was acknowledged and
// is not on its disk is lost; the register and every replica's tables keep a sentence that says so.
// A register that is gone or damaged is made again in the same way, for then nobody can know who was in the last view.
//
// Pure. Errors: kInvalid: a start would lose nothing, or this replica's disk cannot be gone on from; it says why.
// Source: docs/explanation/protocol.md §7.
#pragma once

#include <string>

#include "base/ids.h"
#include "base/result.h"
#include "cluster/data_survey.h"

namespace titer::cluster {

// `when`: for people, in the sentence.
[[nodiscard]] Result<RegisterState> recovered_register(const DataSurvey& survey, ReplicaId from,
                                                       const std::string& when);

}  // namespace titer::cluster
