// SPDX-License-Identifier: Apache-2.0

// Access log: one line in the log of every replica for each key that is created or revoked, and for each change of the
// write switch, because no client can erase a log. Thread rule: the loop's thread.
#pragma once

#include "base/ids.h"
#include "registry/state.h"

namespace titer::node {

// Logs the changes that were executed after `since`. Do not call it for requests that a process executes again while it
// restarts from its disk: they were logged before. (The last frames before a total failure are executed by the protocol once
// more, and logged twice.)
void log_access(const registry::State& state, Position since);

}  // namespace titer::node
