// SPDX-License-Identifier: Apache-2.0

// Execution: frames into the state machine, results to their clients.
#include "node/access_log.h"
#include "node/node.h"

namespace titer::node {

void Node::execute(const std::vector<smr::Execution>& frames) {
  static const machine::Sink kNoSink;
  const Position before = engine_.machine.position();
  for (const smr::Execution& execution : frames) {
    engine_.machine.execute(*execution.frame, execution.answer ? answer_ : kNoSink, log_line_);
    stands();
  }
  log_access(engine_.machine.registry(), before);
}

void Node::stands() {
  engine_.step(smr::input::Executed{engine_.machine.position(), engine_.machine.digest(),
                                    engine_.machine.registry().time()});
}

}  // namespace titer::node
