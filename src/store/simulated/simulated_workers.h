// SPDX-License-Identifier: Apache-2.0

// SimulatedWorkers: the workers of one process as events. Nothing runs by itself: woken() says which workers wait, and run()
// has one of them make its step, on the caller's thread, so the caller decides about order and time.
//
// A process that ends cleanly destroys its workers, and each makes the step that was asked for, as a thread does. For one that is
// killed, end() is called first: nothing is done any more.
// Thread rule: one thread. Outlives the workers that it started.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "store/workers.h"

namespace titer::store {

class SimulatedWorkers final : public Workers {
 public:
  // `on_wake` is told of each worker that begins to wait; it must not run it there.
  explicit SimulatedWorkers(std::function<void(std::uint64_t worker)> on_wake = nullptr)
      : on_wake_(std::move(on_wake)) {}

  std::unique_ptr<Worker> start(std::function<void()> step) override;
  // Nobody else runs meanwhile, so what is waited for must come by itself (SimulatedFiles::refuse_opens).
  void pause(std::chrono::milliseconds) override { ++pauses_; }

  // Numbers of those that wait for a step, in the order in which they were started.
  [[nodiscard]] std::vector<std::uint64_t> woken() const;
  // One step; false: it does not wait, or it is gone.
  bool run(std::uint64_t worker);
  // The process is killed.
  void end() { ended_ = true; }
  [[nodiscard]] std::uint64_t pauses() const { return pauses_; }

 private:
  friend class SimulatedWorker;
  struct State {
    std::uint64_t number = 0;
    std::function<void()> step;
    bool woken = false, running = false;
  };

  void wake(State& worker);
  bool run(State& worker);

  std::function<void(std::uint64_t)> on_wake_;
  std::vector<State*> workers_;
  std::uint64_t started_ = 0, pauses_ = 0;
  bool ended_ = false;
};

}  // namespace titer::store
