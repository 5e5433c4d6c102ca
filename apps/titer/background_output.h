// SPDX-License-Identifier: Apache-2.0

// BackgroundOutput: text for a terminal or a pipe, written by a thread of its own.
//
// A terminal that was stopped with Ctrl-S, or a reader that does not read, blocks the process that writes to it. Neither a replica
// nor the supervisor of a cluster may be blocked: the supervisor is the view register, so without it a failed replica is never
// excluded and writes wait. Here only that thread waits. Text that comes meanwhile is kept, up to `kept_max` bytes; of more, the
// lines are counted, and the count is written when there is room again.
//
// Errors of the descriptor (a terminal that is gone) discard the text. Thread rule: write() from any thread, it never waits; the
// destructor waits at most kLastUs for what is left, and then leaves the thread to the end of the process.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

namespace titer::app {

class BackgroundOutput {
 public:
  static constexpr std::size_t kKeptMax = std::size_t{64} << 10;
  static constexpr std::int64_t kLastUs = 1'000'000;

  // The descriptor stays the caller's, and must stay open as long as the process.
  explicit BackgroundOutput(int descriptor, std::size_t kept_max = kKeptMax);
  ~BackgroundOutput();
  BackgroundOutput(const BackgroundOutput&) = delete;
  BackgroundOutput& operator=(const BackgroundOutput&) = delete;

  void write(std::string_view text);

 private:
  struct State;
  static void run(State& state, int descriptor);

  std::shared_ptr<State> state_;  // shared with the thread, which may outlive this object
  std::size_t kept_max_;
};

}  // namespace titer::app
