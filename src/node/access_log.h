// SPDX-License-Identifier: Apache-2.0

// One line in the log for each key that is made or revoked and each turn of the write switch, at every replica: whoever
// can erase the history of one place cannot erase the logs of all. Thread rule: the loop's thread.
#pragma once

#include "base/ids.h"
#include "registry/state.h"

namespace titer::node {

// Of what was executed after `since`. Not for what is executed again after a restart, which was logged then.
void log_access(const registry::State& state, Position since);

}  // namespace titer::node
