// SPDX-License-Identifier: Apache-2.0

// MessageQueue: connections that have received something, and whose messages are handled later in the turn, in slices of
// kSliceMessages, one connection after the other. So a sender of many or expensive messages delays its own, and neither
// those of other senders nor a turn's end (loop.h).
//
// A connection that waits here does not read on: what it sends stays in the kernel.
// Thread rule: the loop's thread.
#pragma once

#include <cstddef>
#include <deque>
#include <functional>
#include <memory>

namespace titer::net {

class Connection;

class MessageQueue {
 public:
  // Messages of one connection before it is the next one's turn.
  static constexpr std::size_t kSliceMessages = 16;

  void add(std::shared_ptr<Connection> connection);
  void clear() { waiting_.clear(); }
  [[nodiscard]] bool empty() const { return waiting_.empty(); }
  // Handles messages until none is left or `in_time` is false, but at least one slice.
  void run(const std::function<bool()>& in_time);

 private:
  std::deque<std::shared_ptr<Connection>> waiting_;
};

}  // namespace titer::net
