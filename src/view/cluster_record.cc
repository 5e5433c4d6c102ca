// SPDX-License-Identifier: Apache-2.0

#include "view/cluster_record.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "base/check.h"
#include "base/limits.h"
#include "base/rules.h"
#include "net/address.h"
#include "view/http_endpoint.h"
#include "view/record.h"

namespace titer::view {

namespace {

std::string name_of(ReplicaId id) { return "replica " + std::to_string(id.value); }

// Those of replicas whose disks count no more.
void drop_marks(ClusterRecord& record) {
  std::erase_if(record.marks, [&](const DiskMark& mark) {
    return record.view.find(mark.id) == nullptr && record.holder(mark.id) == nullptr;
  });
}

bool nobody_has_begun(const ClusterRecord& record) {
  return record.view.members.empty() && record.view.number == ViewNumber();
}

// Everything but the view and what belongs to it.
ClusterRecord with_view(const ClusterRecord& record, smr::ViewRecord view) {
  TITER_CHECK(view.number == record.view.number.next() || nobody_has_begun(record),
              "there is one record per number");
  TITER_CHECK(std::ranges::is_sorted(view.members, {}, &smr::Member::id), "members are sorted");
  ClusterRecord next = record;
  next.view = std::move(view);
  next.returned.clear();
  drop_marks(next);
  return next;
}

NextRecord without_some(const ClusterRecord& record, smr::ReplicaSet leaving,
                        const std::vector<Incarnation>& dead) {
  auto next = without(record.view, leaving, dead);
  if (!next) return std::nullopt;
  return with_view(record, std::move(next).value());
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

const DiskMark* ClusterRecord::mark(ReplicaId id) const {
  const auto at = std::ranges::find(marks, id, &DiskMark::id);
  return at == marks.end() ? nullptr : &*at;
}

const smr::Member* ClusterRecord::holder(ReplicaId id) const {
  const auto at = std::ranges::find(holders(), id, &smr::Member::id);
  return at == holders().end() ? nullptr : &*at;
}

NextRecord bootstrapped(const ClusterRecord& record, const smr::Member& founder) {
  if (!nobody_has_begun(record)) return std::nullopt;
  return with_view(record, {record.view.number.next(), {founder}, {}});
}

NextRecord asked(const ClusterRecord& record, const smr::Member& asker, const wire::CompareAndSet& ask,
                 bool certain) {
  if (ask.expected != record.view.number || !record.view.has(asker.id, asker.incarnation)) return std::nullopt;
  if (blocked(record, asker, ask, certain)) return std::nullopt;
  std::vector<Incarnation> dead = record.view.known_dead;
  for (const smr::Member& member : record.view.members)
    if (ask.without.has(member.id) && std::ranges::count(ask.dead, member.incarnation) > 0)
      dead.push_back(member.incarnation);
  NextRecord next = without_some(record, ask.without, dead);
  if (!next || !certain || !next->restart) return next;
  next->restart->any = true;
  std::erase_if(next->restart->from, [&](const smr::Member& member) { return ask.without.has(member.id); });
  return next;
}

bool blocked(const ClusterRecord& record, const smr::Member& asker, const wire::CompareAndSet& ask, bool certain) {
  if (certain || !record.restart || record.restart->any || ask.expected != record.view.number ||
      !record.view.has(asker.id, asker.incarnation))
    return false;
  const auto left = static_cast<std::size_t>(std::ranges::count_if(
      record.view.members, [&](const smr::Member& member) { return !ask.without.has(member.id); }));
  return left < record.view.members.size() && 2 * left <= record.restart->from.size();
}

NextRecord left(const ClusterRecord& record, const smr::Member& leaver, ViewNumber installed) {
  const bool settled = installed == record.view.number || !rule_enabled(ProtocolRule::kSettledLeave);
  if (!settled || !record.view.has(leaver.id, leaver.incarnation)) return std::nullopt;
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

NextRecord marked(const ClusterRecord& record, const DiskMark& mark) {
  const DiskMark* before = record.mark(mark.id);
  if (!record.view.has(mark.id, mark.incarnation) || (before != nullptr && *before == mark)) return std::nullopt;
  ClusterRecord next = record;
  std::erase_if(next.marks, [&](const DiskMark& other) { return other.id == mark.id; });
  next.marks.push_back(mark);
  std::ranges::sort(next.marks, {}, &DiskMark::id);
  TITER_CHECK(next.mark(mark.id)->incarnation == mark.incarnation, "a replica has one mark, the newest");
  if (mark.installed != next.view.number || !next.restart) return next;
  next.restart.reset();
  next.returned.clear();
  drop_marks(next);
  return next;
}

Result<ClusterRecord> restarted(const ClusterRecord& record) {
  auto view = restart({record.view.number, record.holders(), {}}, record.returned, record.view.known_dead);
  if (!view) return view.error();
  ClusterRecord begins = record;
  if (!begins.restart) begins.restart = Restart{record.view.members, false};
  TITER_CHECK(!begins.restart->from.empty(), "a restart is one of a view that had members");
  return with_view(begins, std::move(view).value());
}

void note_loss(std::vector<std::string>& losses, std::string sentence) {
  if (losses.size() >= ClusterRecord::kLossesMax) losses.erase(losses.begin());
  losses.push_back(std::move(sentence));
}

Result<ClusterRecord> restarted_without_the_others(const ClusterRecord& record, const std::string& when) {
  auto next = restarted(record);
  if (!next) return next.error();
  next->restart->any = true;
  const auto ids = [](const std::vector<smr::Member>& members) {
    std::string text;
    for (const smr::Member& member : members) text += " " + std::to_string(member.id.value);
    return text;
  };
  note_loss(next->losses, when + ": the cluster restarted from the disks of replicas" + ids(next->view.members) +
                              "; the last view was " + std::to_string(record.view.number.value) +
                              ", of the replicas" + ids(record.holders()) + ", and not all of them had returned");
  return std::move(next).value();
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
  std::erase_if(next.marks, [&](const DiskMark& mark) { return mark.id == id; });
  return next;
}

Result<ClusterRecord> roster_entry_replaced(const ClusterRecord& record, const RosterEntry& entry) {
  auto removed = roster_entry_removed(record, entry.id);
  if (!removed) return removed.error();
  return roster_entry_added(*removed, entry);
}

}  // namespace titer::view
