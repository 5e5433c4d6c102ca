// SPDX-License-Identifier: Apache-2.0

#include "smr/order.h"

#include <algorithm>

#include "smr/rules.h"

namespace titer::smr::order {

namespace {

void execute_head(ReplicaContext& c, Stream& stream, bool answers_direct) {
  const FramePtr frame = *stream.head();
  SMR_CHECK(frame->uid() > c.last_executed, "executions are in uid order");
  c.last_executed = frame->uid();
  ++c.frames_executed;
  const bool mine = is_direct_client(stream.id()) ? answers_direct : stream.id() == gateway_of(c.me());
  stream.pop_head();
  c.out->execute.push_back({frame, mine && c.halted.empty()});
}

}  // namespace

Stream* head(const Streams& streams) {
  Stream* best = nullptr;
  Uid least;
  streams.for_each_live([&](Stream& s) {
    const FramePtr* h = s.head();
    if (h != nullptr && (best == nullptr || (*h)->uid() < least)) {
      best = &s;
      least = (*h)->uid();
    }
  });
  return best;
}

bool stable_against_gateways(const ReplicaContext& c, const Frame& frame) {
  const TransmitterId own = gateway_of(c.me());
  return std::ranges::all_of(c.streams.gateways(), [&](const Stream* s) {
    return s->id() == frame.transmitter || s->id() == own || s->last() > frame.uid();
  });
}

bool stable_against_clients(const ReplicaContext& c, const Frame& frame) {
  if (!rule_enabled(ProtocolRule::kStableClients)) return true;
  return std::ranges::all_of(c.streams.live_direct(), [&](const Stream* s) {
    return !s->active || s->id() == frame.transmitter || s->last() > frame.uid();
  });
}

bool stable(const ReplicaContext& c, const Frame& frame) {
  return stable_against_gateways(c, frame) && stable_against_clients(c, frame);
}

bool safe(const ReplicaContext& c, const Stream& stream, Seq seq) {
  if (!rule_enabled(ProtocolRule::kSafe)) return true;
  return std::ranges::all_of(c.installed.members, [&](const Member& m) { return stream.acked(m.id) >= seq; });
}

void execute_ready(ReplicaContext& c) {
  const bool lowest = c.installed.members.front().id == c.me();
  while (Stream* s = head(c.streams)) {
    const Frame& frame = **s->head();
    if (!stable(c, frame) || !safe(c, *s, frame.seq)) break;
    execute_head(c, *s, lowest);
  }
}

void execute_rest(ReplicaContext& c, const AckRow& targets, ReplicaId lowest) {
  const auto within = [&](const Stream& s) {
    const auto it = std::ranges::lower_bound(targets, s.id(), {}, [](const auto& t) { return t.first; });
    return it != targets.end() && it->first == s.id() && (*s.head())->seq <= it->second;
  };
  while (true) {
    Stream* best = nullptr;
    c.streams.for_each_live([&](Stream& s) {
      if (s.head() == nullptr || !within(s)) return;
      if (best == nullptr || (*s.head())->uid() < (*best->head())->uid()) best = &s;
    });
    if (best == nullptr) return;
    execute_head(c, *best, lowest == c.me());
  }
}

}  // namespace titer::smr::order
