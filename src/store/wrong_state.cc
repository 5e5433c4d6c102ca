// SPDX-License-Identifier: Apache-2.0

#include "store/wrong_state.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/hash.h"

namespace titer::store {

namespace {

// Of the sites in these slots; nothing if one of them has changed after `upto`.
std::optional<std::uint64_t> digest_of(const registry::State& state, std::uint32_t first, std::uint32_t end,
                                       Position upto) {
  Bytes sites;
  for (std::uint32_t slot = first; slot < end; ++slot)
    if (slot >= state.slots() || !state.write_site(slot, upto, sites)) return std::nullopt;
  return hash64(sites);
}

}  // namespace

Bytes WrongState::digests_of(const registry::State& state) {
  const std::uint32_t slots = state.slots();
  const std::uint32_t width = std::max(1U, (slots + kRanges - 1) / kRanges);
  Bytes out;
  ByteWriter w(out);
  w.u64(state.position().value);
  w.u32(slots);
  w.u32(width);
  for (std::uint32_t first = 0; first < slots; first += width)
    w.u64(digest_of(state, first, std::min(slots, first + width), state.position()).value_or(0));
  return out;
}

std::optional<WrongState> WrongState::from(ByteView digests) {
  ByteReader in(digests);
  WrongState state;
  state.position_ = Position(in.u64());
  state.slots_ = in.u32();
  state.width_ = in.u32();
  const std::uint64_t ranges =
      state.width_ == 0 ? kRanges + 1 : (std::uint64_t{state.slots_} + state.width_ - 1) / state.width_;
  if (!in.ok() || ranges > kRanges) return std::nullopt;
  for (std::uint64_t i = 0; i < ranges; ++i) state.digests_.push_back(in.u64());
  if (!in.done()) return std::nullopt;
  return state;
}

std::optional<std::string> WrongState::compare(const registry::State& state, std::uint32_t sites_max) {
  for (std::uint32_t sites = 0; next_ < digests_.size() && sites < sites_max; ++next_, sites += width_) {
    const auto first = static_cast<std::uint32_t>(next_) * width_;
    const std::uint32_t end = std::min(slots_, first + width_);
    const auto digest = digest_of(state, first, end, position_);
    if (!digest) continue;
    ++compared_;
    if (*digest == digests_[next_]) continue;
    if (++differing_ <= kNamed)
      names_ +=
          fmt::format("{}{}{}", names_.empty() ? "" : ", ", state.site_id(first), end - first > 1 ? " …" : "");
  }
  if (next_ < digests_.size()) return std::nullopt;
  const std::string all = fmt::format("Of {} ranges of {} site{}, {} have not changed since", digests_.size(),
                                      width_, width_ == 1 ? "" : "s", compared_);
  if (differing_ == 0)
    return fmt::format("the state that was wrong at position {}: {}, and none of these differ", position_.value,
                       all);
  return fmt::format("the state that was wrong at position {}: {}, and {} of these differ: {}{}", position_.value,
                     all, differing_, names_, differing_ > kNamed ? ", …" : "");
}

}  // namespace titer::store
