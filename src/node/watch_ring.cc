// SPDX-License-Identifier: Apache-2.0

#include "node/watch_ring.h"

#include <algorithm>
#include <utility>

#include "base/check.h"

namespace titer::node {

void WatchRing::begin_at(Position position) {
  batches_.clear();
  bytes_ = 0;
  begin_ = position;
}

void WatchRing::push(Position upto, Bytes messages) {
  TITER_CHECK(end() < upto, "a batch begins where the one before ends, and is not empty");
  messages.shrink_to_fit();
  bytes_ += messages.size();
  batches_.push_back({upto, std::move(messages)});
  while (bytes_ > bytes_max_ && batches_.size() > 1) {
    bytes_ -= batches_.front().messages.size();
    begin_ = batches_.front().upto;
    batches_.pop_front();
  }
}

std::size_t WatchRing::after(Position since) const {
  const auto it = std::upper_bound(batches_.begin(), batches_.end(), since,
                                   [](Position position, const Batch& batch) { return position < batch.upto; });
  return static_cast<std::size_t>(it - batches_.begin());
}

bool WatchRing::feeds(Position since) const { return since <= end() && begin_of(after(since)) == since; }

Position WatchRing::read(Position since, std::size_t bytes_max, Bytes& out) const {
  TITER_CHECK(feeds(since), "a ring is read from where one of its batches begins");
  std::size_t appended = 0;
  for (std::size_t i = after(since); i < batches_.size(); ++i) {
    const Bytes& messages = batches_[i].messages;
    if (appended > 0 && appended + messages.size() > bytes_max) break;
    out.insert(out.end(), messages.begin(), messages.end());
    appended += messages.size();
    since = batches_[i].upto;
  }
  return since;
}

}  // namespace titer::node
