// SPDX-License-Identifier: Apache-2.0

// RoundRobin: numbers that wait in a queue of each owner; one is taken from one owner after the other. So an owner of many
// delays its own, and nobody else's.
//
// Cost: no allocation per number in a steady state. Thread rule: one thread.
#pragma once

#include <boost/unordered/unordered_flat_map.hpp>
#include <cstdint>
#include <deque>
#include <optional>
#include <utility>

namespace titer::node {

class RoundRobin {
 public:
  void add(std::uint64_t owner, std::uint64_t item) {
    Queue& queue = queues_[owner];
    queue.items.push_back(item);
    if (!std::exchange(queue.listed, true)) turns_.push_back(owner);
  }
  // The oldest item of the owner whose turn it is; its owner goes to `whose`, if that is not null.
  [[nodiscard]] std::optional<std::uint64_t> take(std::uint64_t* whose = nullptr) {
    while (!turns_.empty()) {
      const std::uint64_t owner = turns_.front();
      turns_.pop_front();
      const auto it = queues_.find(owner);
      if (it == queues_.end() || it->second.items.empty()) continue;  // forgotten, and perhaps there again
      Queue& queue = it->second;
      const std::uint64_t item = queue.items.front();
      queue.items.pop_front();
      queue.listed = !queue.items.empty();
      if (queue.listed) turns_.push_back(owner);
      if (whose != nullptr) *whose = owner;
      return item;
    }
    return std::nullopt;
  }
  // The owner is gone. What it had, so that it can be forgotten elsewhere too.
  std::deque<std::uint64_t> forget(std::uint64_t owner) {
    const auto it = queues_.find(owner);
    if (it == queues_.end()) return {};
    std::deque<std::uint64_t> items = std::move(it->second.items);
    queues_.erase(it);
    return items;
  }
  [[nodiscard]] bool empty() const { return turns_.empty(); }

 private:
  struct Queue {
    std::deque<std::uint64_t> items;
    bool listed = false;  // among turns_: it has items
  };
  boost::unordered_flat_map<std::uint64_t, Queue> queues_;
  std::deque<std::uint64_t> turns_;  // owners with items, the next one first
};

}  // namespace titer::node
