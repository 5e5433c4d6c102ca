// SPDX-License-Identifier: Apache-2.0

#include "smr/wall_clock.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <span>
#include <string_view>

#include "smr/replica_context.h"

namespace titer::smr {

namespace {

constexpr std::int64_t kStepMs = limits::kReadLeaseUs / 4 / 1000;  // above what two readings of one turn differ by
constexpr std::int64_t kSetMs = 1000;  // the clock was set: what was heard of others' clocks counts no more

std::string_view host_of(std::string_view address) { return address.substr(0, address.rfind(':')); }

}  // namespace

bool WallClock::shows(BootTime now, WallTime wall) {
  const std::int64_t difference = wall.value - now.value / 1000;
  const std::int64_t step = known_ ? difference - wall_minus_boot_ms_ : 0;
  known_ = true;
  wall_minus_boot_ms_ = difference;
  if (std::abs(step) > kSetMs) peers_ = {};
  return std::abs(step) > kStepMs;
}

WallTime WallClock::own(BootTime now) const {
  return known_ ? WallTime(now.value / 1000 + wall_minus_boot_ms_) : WallTime();
}

void WallClock::heard(BootTime now, ReplicaId from, Incarnation incarnation, WallTime wall) {
  if (!known_ || wall.value <= 0 || wall.value > limits::kWallTimeMaxMs) return;
  Peer& p = peers_[from.value];
  if (p.incarnation != incarnation) p = {incarnation, {}};
  p.ahead.add(now, wall.value - own(now).value);
}

void WallClock::state_is_at(BootTime now, WallTime time) {
  // What a learner believed before it had a state was nobody's but its own.
  const bool first = state_.value == 0 && time.value > 0;
  state_ = std::max(state_, time);
  if (!first && expected(now) >= state_.value) return;
  believed_ = state_;
  believed_at_ = now;
}

std::int64_t WallClock::expected(BootTime now) const {
  return believed_.value == 0 ? 0 : believed_.value + (now.value - believed_at_.value) / 1000;
}

WallClock::View WallClock::look(const ReplicaContext& c) const {
  struct Reading {
    std::int64_t ahead = 0;
    std::string_view host;
  };
  std::array<Reading, limits::kReplicasMax> room;  // every turn comes here: nothing is allocated
  std::size_t heard = 0;
  for (const Member& m : c.record.members) {
    if (m.id == c.me() && m.incarnation == c.options.incarnation) {
      room[heard++] = {0, host_of(m.address)};
      continue;
    }
    const Peer& p = peers_[m.id.value];
    const auto ahead = p.incarnation == m.incarnation ? p.ahead.highest() : std::nullopt;
    if (ahead) room[heard++] = {*ahead, host_of(m.address)};
  }
  const std::span<Reading> readings(room.data(), heard);
  View view;
  if (readings.empty()) return view;
  view.enough = 2 * readings.size() > c.record.members.size();
  std::ranges::sort(readings, {}, &Reading::ahead);
  view.median = readings[(readings.size() - 1) / 2].ahead;
  const Reading* first = nullptr;
  for (const Reading& r : readings) {
    if (std::abs(r.ahead - view.median) > limits::kWallLeapMaxMs) continue;
    if (first == nullptr) first = &r;
    view.witnessed = view.witnessed || r.host != first->host;
  }
  return view;
}

WallTime WallClock::stamp(const ReplicaContext& c) {
  fault_.clear();
  const View view = look(c);
  ahead_ms_ = view.enough ? -view.median : 0;
  if (!known_) return state_;
  // Others are there, and their clocks are not known yet: that takes one heartbeat.
  if (!view.enough) return state_.value > 0 ? std::min(own(c.now), state_) : own(c.now);
  std::int64_t shown = own(c.now).value;
  if (std::abs(ahead_ms_) > limits::kWallLeapMaxMs) {
    shown += view.median;
    fault_ = fmt::format(
        "the clock of this machine is {} s {} the other replicas' clocks: set it right. Until then frames "
        "carry the others' time",
        std::abs(ahead_ms_) / 1000, ahead_ms_ > 0 ? "ahead of" : "behind");
  }
  const bool believed = believed_.value == 0 || view.witnessed || c.options.accept_wall ||
                        shown <= expected(c.now) + limits::kWallJumpMaxMs;
  if (!believed) {
    fault_ = fmt::format(
        "the clock of this machine is {} days ahead of the data's, and no other machine shows the same "
        "time. Until then the data's time goes on by itself. If the clock is right, start this replica "
        "again with --accept-clock; if it is wrong, set it right",
        (shown - expected(c.now)) / 86'400'000);
    return WallTime(expected(c.now));
  }
  if (shown >= expected(c.now) || view.witnessed) {
    believed_ = WallTime(shown);
    believed_at_ = c.now;
  }
  return WallTime(shown);
}

}  // namespace titer::smr
