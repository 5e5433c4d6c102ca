// SPDX-License-Identifier: Apache-2.0

// titer recover --config: a cluster on several machines resumes from this machine's disk alone, by an operator's decision.
//
// For when nobody of the last view is left with its data, or the register itself is lost. As recovery.h does it on one
// machine: a new record, above every view that this machine has heard of, with this replica as its only member, under a life
// that its disk knows, and a sentence about the loss in it permanently. So the next start begins like any other, the others
// learn, and replicas that have seen a later state of the register than it has now believe it again (view/authority.h).
#pragma once

#include <string>

namespace titer::app {

// The exit code. Without `accept` it only says what there is.
[[nodiscard]] int recover_host(const std::string& config, bool accept);

}  // namespace titer::app
