// SPDX-License-Identifier: Apache-2.0

// ReplicaContext: what the parts of one replica share — the clock, the views, the streams, and where output goes.
//
// The parts (gateway, order, flush, leases, …) are small classes that own their own state and get the ReplicaContext
// as an argument of every call, so each can be read alone and replica_core.cc shows who is called when.
//
// Thread rule: none; belongs to its replica. `out` is set only during a step.
#pragma once

#include <algorithm>
#include <string>
#include <utility>

#include "smr/lamport_clock.h"
#include "smr/replica.h"
#include "smr/streams.h"

namespace titer::smr {

struct ReplicaContext {
  static constexpr std::size_t kDeadMax = 64;
  explicit ReplicaContext(Options o)
      : options(o), streams(o.me, o.limits.direct_clients, o.limits.settled_clients) {}

  Options options;
  LamportClock clock;
  ViewRecord installed;      // valid when full; number never falls
  ViewRecord record;         // the newest known; number never falls, >= installed.number when full
  bool full = false;         // has the whole state; never becomes false again
  bool member_once = false;  // some record had this incarnation
  bool recovered = false;    // `installed` is from the disk, of an earlier life: wedged until the next is installed
  Streams streams;           // of the installed view
  std::vector<Incarnation> dead;   // certainly, as input::Died told; the newest kDeadMax
  std::string halted;              // I10: why nothing is executed or answered; empty: it is
  std::size_t voids_unsynced = 0;  // lines of the journal that this flush waits for (Receiver::drop_beyond)
  bool owes = false;               // holds requests that it has not yet acknowledged (§2.3)
  Uid newest_request;              // highest uid of a frame with requests that was ever held
  Uid last_executed;               // highest uid executed; executions are in uid order across views
  BootTime now;
  WallTime wall;  // of the last EndOfTurn, as believed (wall_clock.h); 0 before
  Output* out = nullptr;

  std::uint64_t frames_sent = 0;
  std::uint64_t null_frames_sent = 0;
  std::uint64_t frames_executed = 0;

  [[nodiscard]] ReplicaId me() const { return options.me; }
  [[nodiscard]] bool in_record() const { return record.has(options.me, options.incarnation); }
  // A view is being agreed on in which this replica is a member (§4).
  [[nodiscard]] bool flushing() const { return in_record() && (!full || record.number > installed.number); }
  [[nodiscard]] bool wedged() const { return full && (record.number > installed.number || recovered); }
  // Takes part in the normal case: sends frames, executes (unless halted), welcomes.
  [[nodiscard]] bool working() const { return full && !wedged(); }

  [[nodiscard]] bool is_dead(Incarnation incarnation) const { return std::ranges::count(dead, incarnation) > 0; }
  // One that is forgotten is merely not known to be dead.
  void note_dead(Incarnation incarnation) {
    if (is_dead(incarnation)) return;
    if (dead.size() == kDeadMax) dead.erase(dead.begin());
    dead.push_back(incarnation);
  }

  [[nodiscard]] ReplicaSet others(const ViewRecord& view) const {
    ReplicaSet s = view.set();
    s.remove(options.me);
    return s;
  }
  void send(ReplicaSet to, PeerMessage message) {
    if (!to.empty()) out->send.push_back({to, std::move(message)});
  }
  void send(ReplicaId to, PeerMessage message) {
    ReplicaSet s;
    s.add(to);
    send(s, std::move(message));
  }
  void tell(TransmitterId client, ToClient message) { out->send_client.push_back({client, std::move(message)}); }
  void cut(std::variant<ReplicaId, TransmitterId> who, std::string reason) {
    out->cut.push_back({who, std::move(reason)});
  }
  void wake(BootTime at) {
    if (!out->wake_at || at < *out->wake_at) out->wake_at = at;
  }
};

}  // namespace titer::smr
