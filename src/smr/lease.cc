// SPDX-License-Identifier: Apache-2.0

#include "smr/lease.h"

#include <algorithm>

#include "base/limits.h"
#include "base/rules.h"

namespace titer::smr {

namespace {
// The reader's share of D: clocks may differ in rate by this 1 %.
constexpr std::int64_t kHolderUs = limits::kReadLeaseUs - limits::kReadLeaseUs / 100;
}  // namespace

Leases::Heard Leases::heard(ReplicaContext& c, ReplicaId from, Incarnation incarnation, const Heartbeat& beat) {
  if (!c.record.has(from, incarnation)) return {};
  Peer& p = peers_[from.value];
  if (p.incarnation != incarnation) p = {incarnation, {}, {}, {}};
  const std::int64_t lead = beat.sent.value - c.now.value;
  const auto before = p.lead.highest();
  p.lead.add(c.now, lead);
  if (beat.echo <= c.now) p.mine = std::max(p.mine, beat.echo);
  const bool first = p.theirs.value == 0;
  p.theirs = std::max(p.theirs, beat.sent);
  grant(incarnation, c.now);
  return {first, before && lead > *before + limits::kReadLeaseUs / 4};
}

void Leases::grant(Incarnation incarnation, BootTime now) {
  const BootTime until(now.value + limits::kReadLeaseUs);
  for (Grant& g : grants_) {
    if (g.incarnation != incarnation) continue;
    g.until = until;
    return;
  }
  std::erase_if(grants_, [&](const Grant& g) { return g.until <= now; });
  grants_.push_back({incarnation, until});
}

void Leases::forget(const std::vector<Incarnation>& known_dead) {
  std::erase_if(grants_, [&](const Grant& g) { return std::ranges::count(known_dead, g.incarnation) > 0; });
}

BootTime Leases::echo_for(const ReplicaContext& c, ReplicaId peer) const {
  const Peer& p = peers_[peer.value];
  return c.record.has(peer, p.incarnation) ? p.theirs : BootTime{};
}

bool Leases::held(const ReplicaContext& c, BootTime now, BootTime asked) const {
  if (!c.full || !c.in_record() || !c.halted.empty()) return false;
  if (c.recovered && rule_enabled(ProtocolRule::kRecoveredReads)) return false;
  const BootTime since = c.options.confirm_reads ? std::max(trusted_since_, asked) : trusted_since_;
  return std::ranges::all_of(c.record.members, [&](const Member& m) {
    const Peer& p = peers_[m.id.value];
    return m.id == c.me() || (p.incarnation == m.incarnation && p.mine.value > 0 && p.mine >= since &&
                              now.value < p.mine.value + kHolderUs);
  });
}

BootTime Leases::lapse(const ReplicaContext& c) const {
  BootTime latest = inherited_until_;
  for (const Grant& g : grants_) {
    const bool member =
        std::ranges::any_of(c.record.members, [&](const Member& m) { return m.incarnation == g.incarnation; });
    if (!member && !c.is_dead(g.incarnation)) latest = std::max(latest, g.until);
  }
  return latest;
}

}  // namespace titer::smr
