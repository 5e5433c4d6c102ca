// SPDX-License-Identifier: Apache-2.0

// Cluster record: what the register of a cluster on several machines holds, and what may follow it — as pure functions.
//
// One value, changed only by compare-and-set: the view, the *roster* (the machines of the cluster; members are a part of
// it), who came back after the failure of all, what each member's disk is known to hold, and the losses that an operator
// accepted. So every decision is based on one consistent picture, and a change that lost a race is decided again on the
// newer one.
//
// A function that makes a successor gives nullopt when there is nothing to change (any more): the race was lost to
// somebody with the same proposal, or the reason is gone. All that change the view clear `returned`: it is about one
// view.
//
// Invariants: the view's number grows with every change of members; two views in a row share a member with the whole state
// (nobody removes everybody), or are a restart; an incarnation is known to be dead only if it said so itself, if its death
// watch said so (host/death_watch.h), or if it was a member when a restart began (view/restart.h). Limits: kReplicasMax
// machines, kTextBytesMax per address, kLossesMax sentences. Errors: kInvalid with a sentence, only where a person asked for
// the change.
// Source: docs/explanation/protocol.md §4, §7.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "smr/types.h"
#include "view/restart.h"
#include "wire/codec.h"

namespace titer::view {

// A machine of the cluster: where its replica listens. `http` is what browsers are told, with its scheme; empty: none.
struct RosterEntry {
  ReplicaId id;
  std::string wire;
  std::string http;
  bool operator==(const RosterEntry&) const = default;
};

// What a member's disk is known to hold: each member records it when it has installed a view, and from time to time. A
// disk that shows less has gone back in time, and no other replica need be there to notice it.
struct DiskMark {
  ReplicaId id;
  Incarnation incarnation;  // of the process that recorded it
  ViewNumber installed;
  Position position;
  bool operator==(const DiskMark&) const = default;
};

// A restart after a total failure that is not over, as far as the register knows: no member of it has said yet that its disk
// has a view of the restart. Until then the members answer nobody (node::Engine::restarts), so all that was ever acknowledged
// is still on the disk of each member of the view from which the restart began, whoever is in the view now.
struct Restart {
  std::vector<smr::Member> from;  // as they were in that view; sorted by id
  bool any = false;  // a minority of them may go on: it is certain that it has everything, or an operator said so
  bool operator==(const Restart&) const = default;
};

struct ClusterRecord {
  static constexpr std::size_t kAddressBytesMax = 256;  // as on the wire
  static constexpr std::size_t kLossesMax = 256;        // of kLossBytesMax they fit into one value of etcd
  static constexpr std::size_t kLossBytesMax = 2000;

  std::uint64_t cluster = 0;
  smr::ViewRecord view;             // no members: the cluster has not begun
  std::vector<RosterEntry> roster;  // sorted by id
  std::vector<Returned> returned;
  std::vector<DiskMark> marks;      // of members, sorted by id
  std::optional<Restart> restart;   // that is under way
  std::vector<std::string> losses;  // oldest first (note_loss)

  [[nodiscard]] const RosterEntry* entry(ReplicaId id) const;
  [[nodiscard]] const DiskMark* mark(ReplicaId id) const;
  // The members whose disks have everything that was acknowledged, unless they have gone back: of the view, or, while a
  // restart is under way, of the view from which it began.
  [[nodiscard]] const std::vector<smr::Member>& holders() const { return restart ? restart->from : view.members; }
  [[nodiscard]] const smr::Member* holder(ReplicaId id) const;
};

using NextRecord = std::optional<ClusterRecord>;

// --- by replicas
// The first view, with this process as its only member.
[[nodiscard]] NextRecord bootstrapped(const ClusterRecord& record, const smr::Member& founder);
// What `asker` asks for: without others, or the same members once more. Nothing when the view is not the expected one, or
// when the ask is blocked. `certain`: those left out have no more than the asker (ViewRegister).
[[nodiscard]] NextRecord asked(const ClusterRecord& record, const smr::Member& asker,
                               const wire::CompareAndSet& ask, bool certain);
// A restart that is under way would shrink to a minority of the view from which it began: silence does not say whose disk
// is older.
[[nodiscard]] bool blocked(const ClusterRecord& record, const smr::Member& asker, const wire::CompareAndSet& ask,
                           bool certain);
// It leaves and will answer nothing any more, so it counts as dead. Never the last one, and only out of a view that
// is settled (smr::Snapshot): then all others have the whole state, where one that joins with a newer view may not.
[[nodiscard]] NextRecord left(const ClusterRecord& record, const smr::Member& leaver, ViewNumber installed);
// A learner that is ready becomes a member.
[[nodiscard]] NextRecord joined(const ClusterRecord& record, const smr::Member& joiner);
// A process says what its disk has, after the failure of all.
[[nodiscard]] NextRecord announced(const ClusterRecord& record, const Returned& one);
// A member's disk holds this now. One that has installed the view ends the restart: from now on the view's members answer, so
// no other disk is known to have everything.
[[nodiscard]] NextRecord marked(const ClusterRecord& record, const DiskMark& mark);
// The members that returned restart from their disks, as far as they can.
[[nodiscard]] Result<ClusterRecord> restarted(const ClusterRecord& record);

// Adds a loss that an operator accepted. Of more than kLossesMax the oldest is dropped, so the record can always be read.
void note_loss(std::vector<std::string>& losses, std::string sentence);

// --- by operators
// The members that returned restart, though others may hold newer writes: on record as a loss. `when`: for people.
[[nodiscard]] Result<ClusterRecord> restarted_without_the_others(const ClusterRecord& record,
                                                                 const std::string& when);
// The cluster begins with a backup, which is on the disk of the member given: in the record that disk's life is the
// only member of view 0, so the ordinary restart after the failure of all begins with it (startup_step.h), and no other
// replica can bootstrap beside it. kDuplicate: somebody has begun.
[[nodiscard]] Result<ClusterRecord> restored(const ClusterRecord& record, const smr::Member& founder);
[[nodiscard]] Result<ClusterRecord> roster_entry_added(const ClusterRecord& record, const RosterEntry& entry);
// The view stays: a member without a place leaves it by itself (or is excluded if it cannot), for only a replica knows
// whether the others have the whole state.
[[nodiscard]] Result<ClusterRecord> roster_entry_removed(const ClusterRecord& record, ReplicaId id);
// Another machine takes the place of this one.
[[nodiscard]] Result<ClusterRecord> roster_entry_replaced(const ClusterRecord& record, const RosterEntry& entry);

// --- as text: JSON that people can read
[[nodiscard]] std::string to_json(const ClusterRecord& record);
[[nodiscard]] Result<ClusterRecord> cluster_record_from(std::string_view json);

}  // namespace titer::view
