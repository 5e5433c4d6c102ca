// SPDX-License-Identifier: Apache-2.0

// ReceiveBudget: how many bytes of large messages may be on their way to the connections that share it.
//
// A connection keeps what has come of a message until the message is complete. A limit per message does not bound that: a
// thousand connections that end nothing would keep a thousand times as much. So a message above `small_bytes` takes its length
// from the budget before the rest of it is read, and gives it back when it is complete or its connection ends. Smaller ones cost nothing here.
// Thread rule: that of its connections.
#pragma once

#include <cstddef>

namespace titer::net {

class ReceiveBudget {
 public:
  ReceiveBudget(std::size_t small_bytes, std::size_t bytes) : small_bytes_(small_bytes), left_(bytes) {}

  // False: too many large messages are on their way; nothing was taken. `taken`: what is to be given back.
  [[nodiscard]] bool take(std::size_t bytes, std::size_t& taken) {
    if (bytes <= small_bytes_) return true;
    if (bytes > left_) return false;
    left_ -= bytes;
    taken = bytes;
    return true;
  }
  void give_back(std::size_t bytes) { left_ += bytes; }
  [[nodiscard]] std::size_t left() const { return left_; }

 private:
  std::size_t small_bytes_, left_;
};

}  // namespace titer::net
