// SPDX-License-Identifier: Apache-2.0

#include "net/message_queue.h"

#include <utility>

#include "net/connection.h"

namespace titer::net {

void MessageQueue::add(std::shared_ptr<Connection> connection) { waiting_.push_back(std::move(connection)); }

void MessageQueue::run(const std::function<bool()>& in_time) {
  if (waiting_.empty()) return;
  do {
    const std::shared_ptr<Connection> next = std::move(waiting_.front());
    waiting_.pop_front();
    next->handle_slice();
  } while (!waiting_.empty() && in_time());
}

}  // namespace titer::net
