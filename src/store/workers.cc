// SPDX-License-Identifier: Apache-2.0

#include "store/workers.h"

#include <condition_variable>
#include <mutex>
#include <thread>
#include <utility>

namespace titer::store {
namespace {

class ThreadWorker final : public Worker {
 public:
  explicit ThreadWorker(std::function<void()> step) : step_(std::move(step)), thread_([this] { run(); }) {}
  ~ThreadWorker() override {
    {
      const std::lock_guard lock(lock_);
      ending_ = true;
    }
    changed_.notify_one();
    thread_.join();
  }

  void wake() override {
    {
      const std::lock_guard lock(lock_);
      woken_ = true;
    }
    changed_.notify_one();
  }

 private:
  void run() {
    std::unique_lock lock(lock_);
    for (;;) {
      changed_.wait(lock, [this] { return woken_ || ending_; });
      if (!std::exchange(woken_, false)) return;
      lock.unlock();
      step_();
      lock.lock();
    }
  }

  const std::function<void()> step_;
  std::mutex lock_;  // for the two below
  std::condition_variable changed_;
  bool woken_ = false, ending_ = false;
  std::thread thread_;  // last: it uses everything above
};

class Threads final : public Workers {
 public:
  std::unique_ptr<Worker> start(std::function<void()> step) override {
    return std::make_unique<ThreadWorker>(std::move(step));
  }
  void pause(std::chrono::milliseconds length) override { std::this_thread::sleep_for(length); }
};

}  // namespace

Workers& threads() {
  static Threads all;
  return all;
}

}  // namespace titer::store
