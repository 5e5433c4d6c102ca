// SPDX-License-Identifier: Apache-2.0

#include "node/hold_offs.h"

#include <algorithm>

namespace titer::node {

void HoldOffs::note(Offence offence, std::uint64_t address, std::uint64_t key, BootTime now) {
  if (address != 0) note(offence, {Kind::kAddress, address}, now);
  if (key != 0) note(offence, {Kind::kKey, key}, now);
}

void HoldOffs::note(Offence offence, const Name& name, BootTime now) {
  if (!offenders_.contains(name)) make_room();
  Offender& one = offenders_[name];
  for (std::int64_t quiet = now.value - one.last.value; quiet >= kForgetUs && one.weight > 0; quiet -= kForgetUs)
    one.weight /= 2;
  one.weight = std::min(one.weight + offence, kFree + 10 * kStep);
  one.last = now;
  if (one.weight <= kFree) return;
  const std::int64_t wait = kFirstUs << (one.weight - kFree - 1) / kStep;
  one.until = BootTime(now.value + std::min(wait, kLongestUs));
}

std::int64_t HoldOffs::wait_us(std::uint64_t address, std::uint64_t key, BootTime now) const {
  std::int64_t wait = 0;
  for (const Name& name : {Name{Kind::kAddress, address}, Name{Kind::kKey, key}}) {
    const auto it = offenders_.find(name);
    if (it != offenders_.end()) wait = std::max(wait, it->second.until.value - now.value);
  }
  return wait;
}

void HoldOffs::make_room() {
  if (offenders_.size() < kKnownMax) return;
  const auto first = std::ranges::min_element(
      offenders_, {}, [](const auto& one) { return std::pair(one.second.until, one.second.last); });
  offenders_.erase(first);
}

}  // namespace titer::node
