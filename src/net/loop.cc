// SPDX-License-Identifier: Apache-2.0

#include "net/loop.h"

#include <time.h>

#include <algorithm>
#include <boost/asio/post.hpp>
#include <utility>

namespace titer::net {

BootTime boot_now() {
  timespec t{};
  clock_gettime(CLOCK_BOOTTIME, &t);
  return BootTime(std::int64_t{t.tv_sec} * 1'000'000 + t.tv_nsec / 1000);
}

std::int64_t monotonic_us() {
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  return std::int64_t{now.tv_sec} * 1'000'000 + now.tv_nsec / 1000;
}

WallTime wall_now() {
  timespec t{};
  clock_gettime(CLOCK_REALTIME, &t);
  return WallTime(std::int64_t{t.tv_sec} * 1000 + t.tv_nsec / 1'000'000);
}

void Loop::one_turn() {
  context_.restart();
  if (queue_.empty()) context_.run_one();
  const BootTime until(boot_now().value + kIntakeUs);
  const auto in_time = [until] { return boot_now() < until; };
  while (context_.poll_one() > 0 && in_time()) {
  }
  queue_.run(in_time);
}

void Loop::run(const std::function<void()>& turn) {
  const auto guard = boost::asio::make_work_guard(context_);
  stopped_ = false;
  while (!stopped_) {
    one_turn();
    turn();
  }
}

bool Loop::run_until(BootTime deadline, const std::function<bool()>& done, const std::function<void()>& turn) {
  const auto guard = boost::asio::make_work_guard(context_);
  stopped_ = false;
  if (turn) turn();
  while (!done()) {
    if (stopped_ || boot_now() >= deadline) return false;
    wake_at(deadline);
    one_turn();
    if (turn) turn();
  }
  return true;
}

void Loop::stop() {
  post([this] { stopped_ = true; });
}

void Loop::wake_at(BootTime when) {
  if (when >= wake_when_) return;
  wake_when_ = when;
  const std::int64_t in = std::max<std::int64_t>(0, when.value - boot_now().value);
  wake_.expires_after(std::chrono::microseconds(in));
  wake_.async_wait([this](const boost::system::error_code& cancelled) {
    if (!cancelled) wake_when_ = BootTime(INT64_MAX);
  });
}

void Loop::post(std::function<void()> work) { boost::asio::post(context_, std::move(work)); }

}  // namespace titer::net
