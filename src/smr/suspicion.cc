// SPDX-License-Identifier: Apache-2.0

#include "smr/suspicion.h"

#include <fmt/format.h>

#include <algorithm>

namespace titer::smr {

Suspicion::Peer& Suspicion::watch(const ReplicaContext& c, ReplicaId peer, Incarnation incarnation) {
  for (Peer& p : peers_)
    if (p.id == peer && p.incarnation == incarnation) return p;
  std::erase_if(peers_, [&](const Peer& p) { return !p.linked && !c.record.has(p.id, p.incarnation); });
  Peer& p = peers_.emplace_back();
  p.id = peer;
  p.incarnation = incarnation;
  p.link_since = p.heard_at = p.progress_at = c.now;
  return p;
}

void Suspicion::link_up(const ReplicaContext& c, ReplicaId peer, Incarnation incarnation) {
  Peer& p = watch(c, peer, incarnation);
  p.ever_linked = p.linked = true;
  p.link_since = p.heard_at = c.now;
  p.patience = {};
}

void Suspicion::link_down(const ReplicaContext& c, ReplicaId peer, Incarnation incarnation) {
  Peer& p = watch(c, peer, incarnation);
  if (p.linked) p.link_since = c.now;
  p.linked = false;
}

void Suspicion::heard(const ReplicaContext& c, ReplicaId peer, Incarnation incarnation, const Heartbeat& beat) {
  Peer& p = watch(c, peer, incarnation);
  p.heard_at = c.now;
  p.patience.heard(c.now);
  p.hears = beat.hears;
  p.installed = beat.installed;
}

void Suspicion::new_record(const ReplicaContext& c) {
  record_at_ = c.now;
  for (Peer& p : peers_) p.member = p.member && c.record.has(p.id, p.incarnation);
  for (const Member& m : c.record.members) {
    Peer& p = watch(c, m.id, m.incarnation);
    p.progress_at = c.now;
    // A learner may have been linked and silent for long; its heartbeats are due from now on.
    if (!p.member) {
      p.heard_at = c.now;
      p.patience = {};
    }
    p.member = true;
    if (!p.linked) p.link_since = c.now;
  }
}

void Suspicion::restart(const ReplicaContext& c) {
  record_at_ = c.now;
  for (Peer& p : peers_) p.link_since = p.heard_at = p.progress_at = c.now;
}

bool Suspicion::excuse_own_pause(const ReplicaContext& c) {
  const std::int64_t since = c.now.value - last_tick_.value;
  const bool slept = last_tick_ == BootTime() || since > limits::kSuspectAfterUs / 2;
  last_tick_ = c.now;
  if (slept) restart(c);
  const std::int64_t late = since - limits::kHeartbeatEveryUs;
  if (slept || late <= 0) return slept;
  for (Peer& p : peers_)
    for (BootTime* at : {&p.link_since, &p.heard_at, &p.progress_at})
      *at = std::min(c.now, BootTime(at->value + late));
  return false;
}

const Suspicion::Peer* Suspicion::find(const Member& member) const {
  const auto at = std::ranges::find_if(
      peers_, [&](const Peer& p) { return p.id == member.id && p.incarnation == member.incarnation; });
  return at == peers_.end() ? nullptr : &*at;
}

ReplicaSet Suspicion::heard_within(const ReplicaContext& c, std::int64_t us) const {
  ReplicaSet set;
  for (const Member& m : c.record.members) {
    const Peer* p = find(m);
    if (p != nullptr && p->linked && c.now.value - p->heard_at.value <= us) set.add(m.id);
  }
  return set;
}

ReplicaSet Suspicion::hears(const ReplicaContext& c) const {
  ReplicaSet set;
  for (const Member& m : c.record.members) {
    const Peer* p = find(m);
    if (p != nullptr && p->linked && c.now.value - p->heard_at.value <= usual_patience(c, *p) / 2) set.add(m.id);
  }
  return set;
}

ReplicaSet Suspicion::witnesses(const ReplicaContext& c, ReplicaId member) const {
  const ReplicaSet fresh = heard_within(c, kWitnessUs);
  ReplicaSet set;
  for (const Member& m : c.record.members)
    if (m.id != member && fresh.has(m.id) && find(m)->hears.has(member)) set.add(m.id);
  return set;
}

bool Suspicion::installed_by_others(const ReplicaContext& c) const {
  return std::ranges::all_of(c.record.members, [&](const Member& m) {
    const Peer* p = find(m);
    return m.id == c.me() || (p != nullptr && p->installed >= c.record.number);
  });
}

std::int64_t Suspicion::patience(const ReplicaContext& c, const Peer& p) const {
  ReplicaSet others = heard_within(c, kWitnessUs);
  others.remove(p.id);
  const bool all_silent = c.record.members.size() > 2 && others.empty();
  return all_silent ? Patience::kLongestUs : usual_patience(c, p);
}

std::string Suspicion::hard_reason(const ReplicaContext& c, const Peer& p, bool others_hear_it) const {
  if (c.is_dead(p.incarnation)) return "its process has ended";
  if (!p.linked) {
    const std::int64_t known = others_hear_it ? limits::kSuspectAfterUs : kLinkUs;
    const std::int64_t patience = p.ever_linked ? known : kNeverLinkedUs;
    return c.now.value - p.link_since.value > patience ? "its connection is gone" : "";
  }
  const std::int64_t silent = c.now.value - p.heard_at.value;
  return silent > patience(c, p) ? fmt::format("no heartbeat for {} ms", silent / 1000) : "";
}

bool Suspicion::grey(const ReplicaContext& c, Peer& p, ReplicaId id, const Gateway& gateway,
                     const ViewChange& change) const {
  if (c.flushing()) return change.missing(c).has(id) && c.now.value - record_at_.value > kGreyUs;
  const Seq acked = c.installed.has(id, p.incarnation) ? c.streams.own().acked(id) : gateway.newest_unsafe();
  if (acked != p.acked || acked >= gateway.newest_unsafe()) {
    p.acked = acked;
    p.progress_at = c.now;
  }
  return c.now.value - p.progress_at.value > kGreyUs;
}

bool Suspicion::in_minority(const ReplicaContext& c) const {
  const int heard = 1 + heard_within(c, limits::kSuspectAfterUs).size();
  const auto dead =
      std::ranges::count_if(c.record.members, [&](const Member& m) { return c.is_dead(m.incarnation); });
  return 2 * heard < c.record.set().size() - static_cast<int>(dead);
}

bool Suspicion::yields(const ReplicaContext& c, ReplicaSet contested) const {
  const int mine = witnesses(c, c.me()).size();
  return std::ranges::any_of(c.record.members, [&](const Member& m) {
    if (!contested.has(m.id)) return false;
    const int its = witnesses(c, m.id).size();
    return its > mine || (its == mine && (contested.size() > 1 || m.id < c.me()));
  });
}

bool Suspicion::may_ask(const ReplicaContext& c, bool hard, ReplicaSet contested) {
  if (!in_minority(c) && !yields(c, contested))
    yields_since_ = {};
  else if (yields_since_ == BootTime())
    yields_since_ = c.now;
  if (yields_since_ != BootTime() && c.now.value - yields_since_.value < kYieldUs) return false;
  const std::int64_t again = hard ? kAskAgainUs : kAskAgainGreyUs;
  return asked_at_.value == 0 || c.now.value - asked_at_.value >= again;
}

void Suspicion::measure(const ReplicaContext& c, const Gateway& gateway) {
  std::vector<Lags::Sample> samples;
  for (const Member& m : c.installed.members) {
    if (m.id == c.me()) continue;
    const BootTime heard = watch(c, m.id, m.incarnation).heard_at;
    samples.push_back({m.id, m.incarnation, heard, c.streams.own().acked(m.id), gateway.newest_unsafe()});
  }
  lags_.look(c.now, c.installed.number, samples);
}

bool Suspicion::tick(ReplicaContext& c, const Gateway& gateway, const ViewChange& change) {
  const bool slept = excuse_own_pause(c);
  if (slept || !c.working() || !c.in_record())
    lags_.skip();
  else
    measure(c, gateway);
  if (slept || !c.full || !c.in_record()) return slept;
  ReplicaSet without;
  ReplicaSet contested;
  bool hard = false;
  std::string reason;
  std::vector<Incarnation> dead;
  for (const Member& m : c.record.members) {
    if (m.id == c.me()) continue;
    Peer& p = watch(c, m.id, m.incarnation);
    const bool is_dead = c.is_dead(m.incarnation);
    const bool others_hear_it = !is_dead && !witnesses(c, m.id).empty();
    std::string why = hard_reason(c, p, others_hear_it);
    hard = hard || !why.empty();
    if (!why.empty() && others_hear_it) contested.add(m.id);
    if (grey(c, p, m.id, gateway, change) && why.empty()) why = "heartbeats come, but no progress";
    if (why.empty()) continue;
    if (is_dead) dead.push_back(m.incarnation);
    without.add(m.id);
    reason += fmt::format("{}replica {}: {}", reason.empty() ? "" : "; ", m.id.value, why);
  }
  if (!may_ask(c, hard, contested) || without.empty()) return false;
  asked_at_ = c.now;
  c.out->ask.push_back({c.record.number, without, std::move(reason), false, std::move(dead)});
  return false;
}

}  // namespace titer::smr
