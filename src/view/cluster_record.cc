// SPDX-License-Identifier: Apache-2.0

#include "view/cluster_record.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "base/limits.h"
#include "net/address.h"
#include "view/http_endpoint.h"
#include "view/record.h"

namespace titer::view {

namespace {

std::string name_of(ReplicaId id) { return "replica " + std::to_string(id.value); }

// Everything but the view and what belongs to it.
ClusterRecord with_view(const ClusterRecord& record, smr::ViewRecord view) {
  return {record.cluster, std::move(view), record.roster, {}, record.losses};
}

NextRecord without_some(const ClusterRecord& record, smr::ReplicaSet leaving,
                        const std::vector<Incarnation>& dead) {
  auto next = without(record.view, leaving, dead);
  if (!next) return std::nullopt;
  return with_view(record, std::move(next).value());
}

bool nobody_has_begun(const ClusterRecord& record) {
  return record.view.members.empty() && record.view.number == ViewNumber();
}

// Where a replica listens: its wire, and its HTTP interface if there is one.
std::vector<net::Address> places_of(const RosterEntry& entry) {
  std::vector<net::Address> places;
  if (const auto wire = net::parse_address(entry.wire)) places.push_back(*wire);
  if (const auto http = parse_http_endpoint(entry.http)) places.push_back({http->host, http->port});
  return places;
}

// The address that two of them would listen on; empty: there is none.
std::string shared_place(const std::vector<net::Address>& some, const std::vector<net::Address>& others) {
  for (const net::Address& one : some)
    for (const net::Address& other : others)
      if (one.same_place(other)) return one.text();
  return {};
}

Status check_places(const ClusterRecord& record, const RosterEntry& entry) {
  std::vector<net::Address> places = places_of(entry);
  for (const RosterEntry& one : record.roster)
    if (const std::string taken = shared_place(places, places_of(one)); !taken.empty())
      return Error{Code::kInvalid, taken + " is an address of " + name_of(one.id) + " already"};
  if (places.size() == 2 && places[0].same_place(places[1]))
    return Error{Code::kInvalid, places[0].text() + " is given twice: the HTTP interface needs a port of its own"};
  return ok_status();
}

}  // namespace

const RosterEntry* ClusterRecord::entry(ReplicaId id) const {
  const auto at = std::ranges::find(roster, id, &RosterEntry::id);
  return at == roster.end() ? nullptr : &*at;
}

NextRecord bootstrapped(const ClusterRecord& record, const smr::Member& founder) {
  if (!nobody_has_begun(record)) return std::nullopt;
  return with_view(record, {record.view.number.next(), {founder}, {}});
}

NextRecord asked(const ClusterRecord& record, const smr::Member& asker, const wire::CompareAndSet& ask) {
  if (ask.expected != record.view.number || !record.view.has(asker.id, asker.incarnation)) return std::nullopt;
  return without_some(record, ask.without, record.view.known_dead);
}

NextRecord left(const ClusterRecord& record, const smr::Member& leaver, ViewNumber installed) {
  if (installed != record.view.number || !record.view.has(leaver.id, leaver.incarnation)) return std::nullopt;
  smr::ReplicaSet it;
  it.add(leaver.id);
  std::vector<Incarnation> dead = record.view.known_dead;
  dead.push_back(leaver.incarnation);
  return without_some(record, it, dead);
}

NextRecord joined(const ClusterRecord& record, const smr::Member& joiner) {
  if (record.view.members.empty() || record.entry(joiner.id) == nullptr) return std::nullopt;
  auto next = with(record.view, joiner);
  if (!next) return std::nullopt;
  return with_view(record, std::move(next).value());
}

NextRecord announced(const ClusterRecord& record, const Returned& one) {
  ClusterRecord next = record;
  std::erase_if(next.returned, [&](const Returned& other) { return other.now.id == one.now.id; });
  const bool there = std::ranges::any_of(record.returned, [&](const Returned& r) { return r.now == one.now; });
  if (there) return std::nullopt;
  next.returned.push_back(one);
  std::ranges::sort(next.returned, {}, [](const Returned& r) { return r.now.id; });
  return next;
}

Result<ClusterRecord> restarted(const ClusterRecord& record) {
  auto next = restart(record.view, record.returned, record.view.known_dead);
  if (!next) return next.error();
  return with_view(record, std::move(next).value());
}

Result<ClusterRecord> restored(const ClusterRecord& record, const smr::Member& founder) {
  if (nobody_has_begun(record)) return with_view(record, {ViewNumber(), {founder}, {}});
  return Error{Code::kDuplicate,
               "the cluster has begun already: only one that has not can begin with a backup. Choose another "
               "[cluster] name, and `titer init`"};
}

Result<ClusterRecord> roster_entry_added(const ClusterRecord& record, const RosterEntry& entry) {
  if (record.entry(entry.id) != nullptr)
    return Error{Code::kInvalid, name_of(entry.id) + " is in the roster already, at " +
                                     record.entry(entry.id)->wire +
                                     "; `titer replica replace` gives its place to another machine"};
  if (entry.id.value >= limits::kReplicasMax)
    return Error{Code::kInvalid,
                 "a cluster has at most " + std::to_string(limits::kReplicasMax) + " replicas, numbered from 0"};
  if (const Status places = check_places(record, entry); !places) return places.error();
  ClusterRecord next = record;
  next.roster.push_back(entry);
  std::ranges::sort(next.roster, {}, &RosterEntry::id);
  return next;
}

Result<ClusterRecord> roster_entry_removed(const ClusterRecord& record, ReplicaId id) {
  if (record.entry(id) == nullptr) return Error{Code::kInvalid, name_of(id) + " is not in the roster"};
  if (record.view.find(id) != nullptr && record.view.members.size() == 1)
    return Error{
        Code::kInvalid,
        name_of(id) + " is the only member of the view: another replica must join first, to have the data"};
  ClusterRecord next = record;
  std::erase_if(next.roster, [&](const RosterEntry& entry) { return entry.id == id; });
  std::erase_if(next.returned, [&](const Returned& one) { return one.now.id == id; });
  return next;
}

Result<ClusterRecord> roster_entry_replaced(const ClusterRecord& record, const RosterEntry& entry) {
  auto removed = roster_entry_removed(record, entry.id);
  if (!removed) return removed.error();
  return roster_entry_added(*removed, entry);
}

}  // namespace titer::view
