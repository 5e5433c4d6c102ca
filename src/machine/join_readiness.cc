// SPDX-License-Identifier: Apache-2.0

#include "machine/join_readiness.h"

#include <algorithm>
#include <utility>

namespace titer::machine {

JoinReadiness::FinalState JoinReadiness::forecast(const Pass& pass) {
  const auto interval = static_cast<double>(std::max(pass.interval_us, kIntervalMinUs));
  const double share = std::max(1.0, static_cast<double>(pass.lasted_us + kNextViewUs) / interval);
  return {static_cast<std::int64_t>(static_cast<double>(pass.bytes) * share),
          static_cast<std::int64_t>(static_cast<double>(pass.lasted_us) * share)};
}

bool JoinReadiness::permitted(const FinalState& final_state, std::int64_t waited_us) {
  const std::int64_t waited = std::clamp<std::int64_t>(waited_us, 0, kPatienceUs);
  const auto limit = [&](std::int64_t min, std::int64_t max) { return min + (max - min) * waited / kPatienceUs; };
  return final_state.pause_us <= limit(kPauseMinUs, kPauseMaxUs) &&
         final_state.bytes <= limit(kBytesMin, kBytesMax);
}

void JoinReadiness::received(BootTime now, std::size_t bytes) {
  if (!std::exchange(in_pass_, true)) {
    began_before_ = std::exchange(began_, now);
    bytes_ = 0;
  }
  bytes_ += static_cast<std::int64_t>(bytes);
}

bool JoinReadiness::pass_ended(BootTime now) {
  if (!std::exchange(in_pass_, false)) return false;
  last_ = {bytes_, now.value - began_.value, passes_ == 0 ? 0 : began_.value - began_before_.value};
  if (passes_++ == 0) {
    first_ended_ = now;
    return false;
  }
  forecast_ = forecast(last_);
  const std::int64_t waited = now.value - first_ended_.value;
  const bool ready = permitted(forecast_, waited);
  delayed_ = !ready && waited >= kPatienceUs;
  return ready;
}

}  // namespace titer::machine
