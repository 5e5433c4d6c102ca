// SPDX-License-Identifier: Apache-2.0

#include "store/simulated/simulated_workers.h"

#include <algorithm>
#include <utility>

#include "base/check.h"

namespace titer::store {

class SimulatedWorker final : public Worker {
 public:
  SimulatedWorker(SimulatedWorkers& all, SimulatedWorkers::State state) : all_(all), state_(std::move(state)) {
    all_.workers_.push_back(&state_);
  }
  ~SimulatedWorker() override {
    TITER_CHECK(!state_.running, "a worker is not ended by its own step");
    (void)all_.run(state_);
    std::erase(all_.workers_, &state_);
  }
  void wake() override { all_.wake(state_); }

 private:
  SimulatedWorkers& all_;
  SimulatedWorkers::State state_;
};

std::unique_ptr<Worker> SimulatedWorkers::start(std::function<void()> step) {
  return std::make_unique<SimulatedWorker>(*this, State{started_++, std::move(step)});
}

std::vector<std::uint64_t> SimulatedWorkers::woken() const {
  std::vector<std::uint64_t> numbers;
  if (ended_) return numbers;
  for (const State* worker : workers_)
    if (worker->woken) numbers.push_back(worker->number);
  return numbers;
}

void SimulatedWorkers::wake(State& worker) {
  if (std::exchange(worker.woken, true) || ended_) return;
  if (on_wake_) on_wake_(worker.number);
}

bool SimulatedWorkers::run(std::uint64_t number) {
  const auto at = std::ranges::find(workers_, number, &State::number);
  return at != workers_.end() && run(**at);
}

bool SimulatedWorkers::run(State& worker) {
  if (ended_ || !worker.woken) return false;
  TITER_CHECK(!worker.running, "a worker makes one step at a time");
  worker.woken = false;
  worker.running = true;
  worker.step();
  worker.running = false;
  return true;
}

}  // namespace titer::store
