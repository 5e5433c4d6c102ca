// SPDX-License-Identifier: Apache-2.0

// Workers: what works beside the loop, as a seam between the work and what carries it out.
//
// A worker has one step: a function that does all the work that waits, and returns. wake() has it run soon, after every
// wake() at least once from its beginning, and never twice at the same time. In production each worker is a thread; in
// tests (simulated/simulated_workers.h) the steps of all workers are events, run one by one, in an order that the seed
// draws. So a step must not wait for another worker: it does what it needs itself (SegmentPool::take()).
//
// Thread rule: wake() from any thread, also from inside a step. Start and end on the owner's, outside of any step.
#pragma once

#include <chrono>
#include <functional>
#include <memory>

namespace titer::store {

class Worker {
 public:
  Worker() = default;
  // A step that was asked for runs first, and afterwards none.
  virtual ~Worker() = default;
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;
  virtual void wake() = 0;
};

class Workers {
 public:
  virtual ~Workers() = default;
  [[nodiscard]] virtual std::unique_ptr<Worker> start(std::function<void()> step) = 0;
  // Before something that failed is tried again: waits here.
  virtual void pause(std::chrono::milliseconds length) = 0;
};

[[nodiscard]] Workers& threads();

}  // namespace titer::store
