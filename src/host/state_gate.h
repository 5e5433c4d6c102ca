// SPDX-License-Identifier: Apache-2.0

// StateGate: keeps readers away from the state while it changes. One writer, a few readers, each with a place of its own.
//
// The writer goes first: once it wants in, no reader gets in, and those that are in see it (wanted()) and leave after the
// row that they look at. Readers do not disturb one another, and a writer whom no reader meets pays one store and
// a look at each place. Both spin for a moment, and then sleep: a reader whose thread was suspended in its step needs a
// processor to come out.
//
// A writer that is in nearly always, as during an import, would starve the readers, who need some time to wake up. So when
// readers have waited for kStarvedUs and none of them got in, it stands back for kStandBackUs at most before it goes in.
//
// Invariant: nobody else is in while the writer is. Not fair among readers, which need not wait for one another.
// Thread rule: enter() and leave() of one place on one thread; lock() and unlock() on the writer's.
#pragma once

#include <array>
#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <mutex>

#include "base/ids.h"

namespace titer::host {

class StateGate {
 public:
  static constexpr std::size_t kReadersMax = 8;
  static constexpr std::int64_t kStarvedUs = 20'000;
  static constexpr std::int64_t kStandBackUs = 200;

  void enter(std::size_t reader);
  void leave(std::size_t reader);

  // The writer wants in, or is in: a reader that is in leaves soon.
  [[nodiscard]] bool wanted() const { return writer_.load(std::memory_order_relaxed) != 0; }

  void lock();
  void unlock();

 private:
  struct alignas(64) Place {
    std::atomic<std::int32_t> in{0};
  };

  [[nodiscard]] bool try_enter(std::size_t reader);
  void wait_for_writer();
  void stand_back();

  std::array<Place, kReadersMax> places_;
  alignas(64) std::atomic<std::int32_t> writer_{0};
  alignas(64) std::atomic<std::int32_t> waiting_{0};  // readers who found the writer in
  std::mutex mutex_;                                  // for those who sleep
  std::condition_variable free_, left_;               // the writer is out; a reader is out
  std::atomic<std::uint64_t> let_in_{0};              // of those who waited
  // The writer's: since then it has seen readers wait, and none of them get in; 0: it has not.
  BootTime waiting_since_;
  std::uint64_t let_in_then_ = 0;
};

}  // namespace titer::host
