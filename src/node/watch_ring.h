// SPDX-License-Identifier: Apache-2.0

// WatchRing: the newest events as messages (wire::Events), encoded once for all watchers that may see the same.
//
// It is a row of batches, each from one position to another. A watcher is a position: when it stands where a batch begins, it
// is fed from here with a copy, and one that does not read costs nothing but that number. When the ring has moved on beyond
// its position it is no longer fed from here (watchers.h says what then). HTTP's change stream has the same shape (api/changes.h).
//
// Invariant: batches join without a gap: each begins where the one before ends. Limit: `bytes_max` of messages, and always the
// newest batch. Pure; its owner's thread.
#pragma once

#include <cstddef>
#include <deque>

#include "base/bytes.h"
#include "base/ids.h"

namespace titer::node {

class WatchRing {
 public:
  explicit WatchRing(std::size_t bytes_max) : bytes_max_(bytes_max) {}

  // Empty, from this position on.
  void begin_at(Position position);
  // The messages with everything after end() up to `upto`.
  void push(Position upto, Bytes messages);
  [[nodiscard]] Position begin() const { return begin_; }
  [[nodiscard]] Position end() const { return batches_.empty() ? begin_ : batches_.back().upto; }
  [[nodiscard]] std::size_t bytes() const { return bytes_; }
  // A watcher that stands there can be fed from here, now or once there is more.
  [[nodiscard]] bool feeds(Position since) const;
  // Appends what follows `since`, which feeds() must hold for: whole batches, until `bytes_max` is reached, at least one if
  // there is one. Returns up to where.
  [[nodiscard]] Position read(Position since, std::size_t bytes_max, Bytes& out) const;

 private:
  struct Batch {
    Position upto;
    Bytes messages;
  };
  // Of the first batch that ends after `since`.
  [[nodiscard]] std::size_t after(Position since) const;
  [[nodiscard]] Position begin_of(std::size_t batch) const {
    return batch == 0 ? begin_ : batches_[batch - 1].upto;
  }

  std::size_t bytes_max_, bytes_ = 0;
  Position begin_;
  std::deque<Batch> batches_;
};

}  // namespace titer::node
