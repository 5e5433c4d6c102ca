// SPDX-License-Identifier: Apache-2.0

// SimulatedDisk: a disk in memory with everything that a store puts on one, and SimulatedProcess: a process that has a store on it.
//
//   SimulatedDisk disk(seed);                                 // outlives its processes
//   SimulatedProcess process(disk, clock, [&](worker) { time.at(now + latency, …, worker); });
//   auto store = Store::open(options, events, machine, nullptr, process.environment());
//   …  process.workers.run(worker);                           // when its time has come
//   process.workers.end(); store.reset();                     // killed …
//   disk.restart(true);                                       // … with the power
//
// StoreEvents::post is called inside Store's functions and run(); it must not run the work there.
// A power loss in the middle of a step: disk.files.cut_power_in(n) and run() before the end.
//
// What a disk can do while nobody uses it: image() and put() (put back to an older state, or copied from another replica), and
// flip_bit().
// Thread rule: one thread.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <utility>

#include "base/random.h"
#include "store/environment.h"
#include "store/simulated/simulated_databases.h"
#include "store/simulated/simulated_files.h"
#include "store/simulated/simulated_workers.h"

namespace titer::store {

class SimulatedDisk {
 public:
  explicit SimulatedDisk(std::uint64_t seed) : files(seed), databases(files, seed + 1), random_(seed + 2) {}

  SimulatedFiles files;
  SimulatedDatabases databases;

  // After the process ended. With the power, what was not synced is lost, or not.
  void restart(bool power_lost) {
    files.restart(power_lost);
    databases.restart();
  }
  struct Image {
    SimulatedFiles::Image files;
    SimulatedDatabases::Image databases;
  };
  [[nodiscard]] Image image() { return {files.image(), databases.image()}; }
  void put(Image image) {
    files.put(std::move(image.files));
    databases.put(std::move(image.databases));
  }
  // A bit of some file or row by chance; where it was.
  std::string flip_bit();
  std::uint64_t draw() { return random_.next(); }

 private:
  Random random_;
};

class SimulatedProcess {
 public:
  struct Clock {
    std::function<WallTime()> wall_now;
    std::function<std::int64_t()> monotonic_us;
  };
  explicit SimulatedProcess(SimulatedDisk& disk, Clock clock = standing_still(),
                            std::function<void(std::uint64_t worker)> on_wake = nullptr)
      : workers(std::move(on_wake)),
        environment_{
            disk.files, disk.databases, workers, std::move(clock.wall_now), std::move(clock.monotonic_us), [&disk] {
              return disk.draw();
            }} {}
  SimulatedProcess(const SimulatedProcess&) = delete;
  SimulatedProcess& operator=(const SimulatedProcess&) = delete;

  SimulatedWorkers workers;
  [[nodiscard]] const StoreEnvironment& environment() const { return environment_; }

 private:
  static Clock standing_still() {
    return {[] { return WallTime(1'700'000'000'000); }, [] { return std::int64_t{0}; }};
  }
  StoreEnvironment environment_;
};

}  // namespace titer::store
