// SPDX-License-Identifier: Apache-2.0

#include "node/executor.h"

#include "base/check.h"
#include "node/access_log.h"
#include "node/limits.h"

namespace titer::node {

Executor::Executor(Engine& engine, machine::Sink answer, Sharing* sharing)
    : engine_(engine), sharing_(sharing), answer_(std::move(answer)) {
  observed_ = [this](const machine::Executed& request) {
    const smr::Execution& execution = frames_[next_];
    engine_.observer->on_executed(execution, request);
    if (execution.answer) answer_(request);
  };
}

void Executor::begin(std::vector<smr::Execution>& frames) {
  TITER_CHECK(!busy(), "frames are executed in their order");
  frames_.clear();
  std::swap(frames_, frames);
  next_ = 0;
}

const machine::Sink& Executor::sink_of(const smr::Execution& execution) const {
  static const machine::Sink kNoSink;
  if (engine_.observer != nullptr) return observed_;
  return execution.answer ? answer_ : kNoSink;
}

void Executor::execute_some() {
  TITER_CHECK(busy(), "only frames that were taken over are executed");
  const smr::Execution& execution = frames_[next_];
  if (!progress_) {
    progress_.emplace(*execution.frame);
    began_at_ = engine_.machine.position();
    if (engine_.observer != nullptr) engine_.observer->on_execute(execution);
  }
  const machine::Sink& sink = sink_of(execution);
  if (!engine_.machine.execute_some(*execution.frame, *progress_, limits::kExecuteAtOnce, sink, log_)) return;
  progress_.reset();
  ++next_;
  log_access(engine_.machine.registry(), began_at_);
  engine_.stands();
}

bool Executor::go_on() {
  if (!busy()) return true;
  const Changing changing(sharing_);
  const BootTime until(engine_.clock.boot_now().value + limits::kExecuteUs);
  do {
    execute_some();
  } while (busy() && engine_.clock.boot_now() < until);
  if (busy()) return false;
  frames_.clear();
  next_ = 0;
  return true;
}

void Executor::finish() {
  const Changing changing(sharing_);
  while (busy()) execute_some();
}

}  // namespace titer::node
