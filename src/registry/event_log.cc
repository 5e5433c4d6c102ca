// SPDX-License-Identifier: Apache-2.0

#include "registry/event_log.h"

#include "base/check.h"
#include "base/limits.h"

namespace titer::registry {

EventLog::EventLog(EventRing::Bounds sites, EventRing::Bounds access)
    : rings_{EventRing(sites), EventRing(sites), EventRing(access)},
      share_{sites.events / limits::kHistoryShares, sites.bytes / limits::kHistoryShares} {}

Lane EventLog::lane_of(KeyId key, EventKind kind, Position position) {
  if (!concerns_site(kind)) return Lane::kAccess;
  if (key == kNoKey) return Lane::kShare;
  if (position == decided_) return decision_;
  decided_ = position;
  const auto used = shares_.find(key.value);
  const bool left =
      used == shares_.end() || (used->second.events < share_.events && used->second.bytes < share_.bytes);
  return decision_ = left ? Lane::kShare : Lane::kExcess;
}

Lane EventLog::lane_of(const Record& record) {
  if (!concerns_site(record.event.kind)) return Lane::kAccess;
  return record.excess ? Lane::kExcess : Lane::kShare;
}

std::uint64_t EventLog::append(const Record& record) {
  const Lane lane = lane_of(record);
  EventRing& to = ring(lane);
  const std::uint64_t offset = to.append(record);
  if (lane == Lane::kShare && record.key != kNoKey) {
    Used& used = shares_[record.key.value];
    ++used.events;
    used.bytes += to.end() - offset;
  }
  return offset;
}

void EventLog::give_back(const EventRing::Weight& weight) {
  if (weight.key == kNoKey) return;
  const auto used = shares_.find(weight.key.value);
  TITER_CHECK(used != shares_.end() && used->second.bytes >= weight.bytes,
              "a share was used by what is given back");
  used->second.bytes -= weight.bytes;
  if (--used->second.events == 0) shares_.erase(used);
}

void EventLog::drop_oldest(Lane lane) {
  const EventRing::Weight gone = ring(lane).drop_oldest();
  if (lane == Lane::kShare) give_back(gone);
}

void EventLog::trim(WallTime now) {
  for (const Lane lane : kAllLanes)
    while (ring(lane).over(now)) drop_oldest(lane);
}

void EventLog::cut(Lane lane, std::uint64_t events, Position dropped) {
  EventRing& from = ring(lane);
  while (from.events() > events && from.oldest() <= dropped) drop_oldest(lane);
  from.set_dropped(dropped);
}

Position EventLog::oldest_complete() const {
  Position oldest;
  for (const Lane lane : {Lane::kShare, Lane::kExcess}) {
    const EventRing& in = (*this)[lane];
    const std::uint64_t at = in.above(complete_after());
    if (at == in.end()) continue;
    const Position first = in.place(at).position;
    if (oldest == Position() || first < oldest) oldest = first;
  }
  return oldest;
}

std::size_t EventLog::events() const {
  std::size_t sum = 0;
  for (const EventRing& one : rings_) sum += one.events();
  return sum;
}
std::size_t EventLog::bytes() const {
  std::size_t sum = 0;
  for (const EventRing& one : rings_) sum += one.bytes();
  return sum;
}
// A record says its lane, so the sum tells states apart that have the same events in other lanes.
std::uint64_t EventLog::digest() const {
  std::uint64_t sum = 0;
  for (const EventRing& one : rings_) sum += one.digest();
  return sum;
}
Position EventLog::newest() const { return std::max({rings_[0].newest(), rings_[1].newest(), rings_[2].newest()}); }

void EventLog::rewind(const Mark& mark) {
  EventRing& share = ring(Lane::kShare);
  for (std::uint64_t at = mark.share.end; at < share.end();) {
    const EventRing::Weight back = share.weight(at);
    give_back(back);
    at += back.bytes;
  }
  share.rewind(mark.share);
  ring(Lane::kExcess).rewind(mark.excess);
}

bool EventLog::shares_agree() const {
  Shares again;
  const EventRing& share = (*this)[Lane::kShare];
  for (std::uint64_t at = share.begin(); at < share.end();) {
    const EventRing::Weight one = share.weight(at);
    at += one.bytes;
    if (one.key == kNoKey) continue;
    Used& used = again[one.key.value];
    ++used.events;
    used.bytes += one.bytes;
  }
  return again == shares_;
}

}  // namespace titer::registry
