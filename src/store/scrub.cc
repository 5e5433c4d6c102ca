// SPDX-License-Identifier: Apache-2.0

#include "store/scrub.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/limits.h"

namespace titer::store {

std::optional<SlotRange> Scrub::due(BootTime now, std::uint32_t slots) {
  if (now < next_ || slots == 0) return std::nullopt;
  next_ = BootTime(now.value + limits::kScrubEveryUs);
  std::uint32_t first = range_.first + range_.count;
  if (first >= slots) first = 0;
  range_ = {first, std::min(limits::kScrubSites, slots - first)};
  return range_;
}

std::optional<std::string> Scrub::compare(const registry::State& state, Position position,
                                          const std::vector<SiteRow>& rows) {
  std::optional<std::string> wrong;
  auto row = rows.begin();
  Bytes memory;
  for (std::uint32_t slot = range_.first; slot < range_.first + range_.count; ++slot) {
    while (row != rows.end() && row->slot < slot) ++row;
    memory.clear();
    if (!state.write_site(slot, position, memory)) continue;
    ++stats_.sites;
    const bool there = row != rows.end() && row->slot == slot;
    if (there && row->part == memory) continue;
    ++stats_.mismatches;
    if (!wrong)
      wrong = fmt::format(
          "the site in slot {} (in memory: \"{}\") {} at position {}: a bit of this machine's memory or disk has "
          "flipped",
          slot, state.site_id(slot), there ? "is not the one that the tables on disk have" : "is not in the tables",
          position.value);
  }
  if (range_.first + range_.count >= state.slots()) ++stats_.rounds;
  return wrong;
}

}  // namespace titer::store
