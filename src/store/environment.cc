// SPDX-License-Identifier: Apache-2.0

#include "store/environment.h"

#include <chrono>
#include <random>

#include "store/rocks_database.h"

namespace titer::store {
namespace {

template <typename Unit>
std::int64_t since_epoch(auto time) {
  return std::chrono::duration_cast<Unit>(time.time_since_epoch()).count();
}

std::uint64_t draw() {
  std::random_device chance;
  return std::uint64_t{chance()} << 32U | chance();
}

}  // namespace

const StoreEnvironment& real_environment() {
  static const StoreEnvironment kReal{
      real_files(),
      rocks_databases(),
      threads(),
      [] { return WallTime(since_epoch<std::chrono::milliseconds>(std::chrono::system_clock::now())); },
      [] { return since_epoch<std::chrono::microseconds>(std::chrono::steady_clock::now()); },
      draw};
  return kReal;
}

}  // namespace titer::store
