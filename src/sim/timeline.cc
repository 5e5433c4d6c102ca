// SPDX-License-Identifier: Apache-2.0

#include "sim/timeline.h"

#include <algorithm>

#include "base/check.h"

namespace titer::sim {

void Timeline::at(Time when, Handler& handler, std::uint32_t what, std::uint64_t argument) {
  TITER_CHECK(when >= now_, "an event in the past");
  heap_.push_back({when, ++order_, &handler, argument, what});
  std::push_heap(heap_.begin(), heap_.end(), later);
}

bool Timeline::step(Time until) {
  if (heap_.empty() || heap_.front().when > until) {
    now_ = until;
    return false;
  }
  std::pop_heap(heap_.begin(), heap_.end(), later);
  const Event event = heap_.back();
  heap_.pop_back();
  now_ = event.when;
  ++happened_;
  event.handler->on_event(event.what, event.argument);
  return true;
}

}  // namespace titer::sim
