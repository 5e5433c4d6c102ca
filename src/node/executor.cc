// SPDX-License-Identifier: Apache-2.0

#include "node/executor.h"

#include "base/check.h"
#include "node/access_log.h"
#include "node/limits.h"

namespace titer::node {

void Executor::begin(std::vector<smr::Execution>& frames) {
  TITER_CHECK(!busy(), "frames are executed in their order");
  frames_.clear();
  std::swap(frames_, frames);
  next_ = 0;
}

void Executor::execute_some() {
  static const machine::Sink kNoSink;
  const smr::Execution& execution = frames_[next_];
  if (!progress_) {
    progress_.emplace(*execution.frame);
    began_at_ = engine_.machine.position();
  }
  const machine::Sink& sink = execution.answer ? answer_ : kNoSink;
  if (!engine_.machine.execute_some(*execution.frame, *progress_, limits::kExecuteAtOnce, sink, log_)) return;
  progress_.reset();
  ++next_;
  log_access(engine_.machine.registry(), began_at_);
  engine_.stands();
}

bool Executor::go_on() {
  if (!busy()) return true;
  const BootTime until(net::boot_now().value + limits::kExecuteUs);
  do {
    execute_some();
  } while (busy() && net::boot_now() < until);
  if (busy()) return false;
  frames_.clear();
  next_ = 0;
  return true;
}

void Executor::finish() {
  while (busy()) execute_some();
}

}  // namespace titer::node
