// SPDX-License-Identifier: Apache-2.0

#include "host/state_gate.h"

#include <chrono>
#include <thread>

#include "base/check.h"
#include "net/clock.h"

namespace titer::host {

namespace {

constexpr int kSpins = 200;  // some 5 µs

// True: it came true while we spun.
template <typename Condition>
bool spin(const Condition& condition) {
  for (int i = 0; i < kSpins; ++i) {
    if (condition()) return true;
#if defined(__x86_64__)
    __builtin_ia32_pause();
#endif
  }
  return condition();
}

}  // namespace

bool StateGate::try_enter(std::size_t reader) {
  // Both sides write first and look then, in one order for all: so at least one of them sees the other.
  places_[reader].in.store(1, std::memory_order_seq_cst);
  if (writer_.load(std::memory_order_seq_cst) == 0) return true;
  leave(reader);
  return false;
}

void StateGate::enter(std::size_t reader) {
  TITER_CHECK(reader < kReadersMax, "each reader has a place");
  if (try_enter(reader)) return;
  waiting_.fetch_add(1, std::memory_order_seq_cst);
  do {
    wait_for_writer();
  } while (!try_enter(reader));
  waiting_.fetch_sub(1, std::memory_order_seq_cst);
  let_in_.fetch_add(1, std::memory_order_relaxed);
}

void StateGate::leave(std::size_t reader) {
  places_[reader].in.store(0, std::memory_order_seq_cst);
  if (writer_.load(std::memory_order_seq_cst) == 0) return;
  { const std::lock_guard lock(mutex_); }  // the writer is not between looking and sleeping
  left_.notify_one();
}

void StateGate::wait_for_writer() {
  const auto out = [this] { return writer_.load(std::memory_order_seq_cst) == 0; };
  if (spin(out)) return;
  std::unique_lock lock(mutex_);
  free_.wait(lock, out);
}

void StateGate::lock() {
  if (waiting_.load(std::memory_order_seq_cst) > 0)
    stand_back();
  else
    waiting_since_ = {};
  writer_.store(1, std::memory_order_seq_cst);
  for (Place& place : places_) {
    const auto out = [&place] { return place.in.load(std::memory_order_seq_cst) == 0; };
    if (spin(out)) continue;
    std::unique_lock lock(mutex_);
    left_.wait(lock, out);
  }
}

void StateGate::unlock() {
  writer_.store(0, std::memory_order_seq_cst);
  if (waiting_.load(std::memory_order_seq_cst) == 0) return;
  { const std::lock_guard lock(mutex_); }  // likewise the readers
  free_.notify_all();
}

void StateGate::stand_back() {
  const BootTime now = net::boot_now();
  const std::uint64_t let_in = let_in_.load(std::memory_order_relaxed);
  if (waiting_since_ == BootTime() || let_in != let_in_then_) {
    waiting_since_ = now;
    let_in_then_ = let_in;
  }
  if (now.value - waiting_since_.value < kStarvedUs) return;
  while (waiting_.load(std::memory_order_seq_cst) > 0 && net::boot_now().value - now.value < kStandBackUs)
    std::this_thread::yield();
  waiting_since_ = {};
}

}  // namespace titer::host
