// SPDX-License-Identifier: Apache-2.0

#include "host/daemon_rules.h"

#include <fmt/format.h>

#include <utility>

namespace titer::host {

node::Roster roster_of(const view::ClusterRecord& record, ReplicaId me, const net::Address& own,
                       const std::shared_ptr<net::Tls>& tls) {
  node::Roster roster;
  for (const view::RosterEntry& entry : record.roster)
    if (auto address = net::parse_address(entry.wire)) {
      address->tls = tls;
      roster[entry.id.value] = std::move(address).value();
    }
  roster[me.value] = own;
  return roster;
}

std::vector<api::Peer> page_peers(const view::ClusterRecord& record) {
  std::vector<api::Peer> peers;
  for (const view::RosterEntry& entry : record.roster)
    if (!entry.http.empty()) peers.push_back({entry.id.value, entry.http});
  return peers;
}

DeathBriefing death_briefing(const view::ClusterRecord& record, const smr::Member& me,
                             const std::optional<wire::PeerSecret>& secret) {
  DeathBriefing out;
  if (record.view.has(me.id, me.incarnation))
    for (const smr::Member& member : record.view.members)
      if (member.id != me.id) out.addresses.push_back(member.address);
  wire::Hello notice;
  notice.role = wire::Role::kDeathNotice;
  notice.cluster = record.cluster;
  notice.replica = me.id;
  notice.incarnation = me.incarnation;
  wire::encode(out.notice, notice);
  if (secret) wire::encode(out.notice, wire::Proof{secret->prove_death(notice.cluster, me.id, me.incarnation)});
  return out;
}

Leaving how_to_leave(const smr::ViewRecord& view, const smr::Member& me) {
  if (!view.has(me.id, me.incarnation)) return Leaving::kAsNoMember;
  return view.members.size() == 1 ? Leaving::kAsTheLast : Leaving::kFromTheView;
}

bool WaitNotes::tell(const std::string& why, bool long_since, BootTime now) {
  const bool again = long_since && now.value - told_.value >= kAgainUs;
  if (why_ == why && !again) return false;
  why_ = why;
  if (long_since) told_ = now;
  return true;
}

ServiceNotifier::State service_state(const Progress& now) {
  if (!now.has_record) return {false, "asks the register"};
  if (!now.pong) return {false, now.waits_for.empty() ? "begins" : now.waits_for};
  if (now.learns_from_nobody && !now.waits_for.empty()) return {false, now.waits_for};
  if (!now.pong->full) return {false, fmt::format("learns the state, {} %", now.pong->learned_percent)};
  return {true, fmt::format("has the whole state; view {}", now.pong->installed.value)};
}

}  // namespace titer::host
