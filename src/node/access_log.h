// SPDX-License-Identifier: Apache-2.0

// One line in the log for each key that is made or revoked and each turn of the write switch, at every replica: no
// client can erase a log. Thread rule: the loop's thread.
#pragma once

#include "base/ids.h"
#include "registry/state.h"

namespace titer::node {

// Of what was executed after `since`. Not for what is executed again while a process restarts from its disk: that was logged
// then. (The last frames before a total failure are executed by the protocol once more, and logged twice.)
void log_access(const registry::State& state, Position since);

}  // namespace titer::node
