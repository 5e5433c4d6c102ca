// SPDX-License-Identifier: Apache-2.0

// Executor: executes frames in pieces, so that a turn ends in time whatever the requests cost.
//
// A turn of the protocol can make dozens of frames executable, each with thousands of operations. They are executed for
// kExecuteUs per turn of the loop; until the last one is done the node sends, ticks and takes in, but begins no new turn of
// the protocol: it makes no frame and acknowledges none. So a replica that executes slowly holds back those that are faster,
// and what it has to execute stays bounded by their frames in flight.
//
// Invariant: while busy() the state machine is within a frame that smr counts as executed. So nothing may be made of the two
// together, such as tables on disk, before finish() or the end. Reads may look at the state: every position is one.
// Thread rule: the loop's thread.
#pragma once

#include <optional>
#include <utility>
#include <vector>

#include "machine/machine.h"
#include "node/engine.h"
#include "node/sharing.h"

namespace titer::node {

class Executor {
 public:
  Executor(Engine& engine, machine::Sink answer, Sharing* sharing = nullptr);
  void log_to(machine::LogSink log) { log_ = std::move(log); }

  // Takes these over. Not while busy.
  void begin(std::vector<smr::Execution>& frames);
  [[nodiscard]] bool busy() const { return next_ < frames_.size(); }
  // Executes for about kExecuteUs. True: all is done.
  bool go_on();
  // Executes all that is left.
  void finish();

 private:
  void execute_some();
  [[nodiscard]] const machine::Sink& sink_of(const smr::Execution& execution) const;

  Engine& engine_;
  Sharing* sharing_;
  machine::Sink answer_, observed_;
  machine::LogSink log_;
  std::vector<smr::Execution> frames_;
  std::size_t next_ = 0;
  std::optional<machine::FrameProgress> progress_;  // of the next one; none: it has not begun
  Position began_at_;                               // where the state stood when the next one began
};

}  // namespace titer::node
