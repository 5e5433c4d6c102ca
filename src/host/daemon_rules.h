// SPDX-License-Identifier: Apache-2.0

// What a ReplicaDaemon decides by the cluster's record and by how far its replica is: everything of its course that needs no
// socket, disk or clock, so that it can be tested without them.
//
// Pure. Thread rule: any; WaitNotes is its owner's.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "api/peers.h"
#include "base/bytes.h"
#include "base/ids.h"
#include "host/service_notifier.h"
#include "net/tls.h"
#include "node/peers.h"
#include "smr/types.h"
#include "view/cluster_record.h"
#include "wire/codec.h"
#include "wire/peer_secret.h"

namespace titer::host {

// Where the replicas of the record listen; this one where its own configuration says. An address that cannot be read is none.
// `tls`: of the links to the others; null: plain.
[[nodiscard]] node::Roster roster_of(const view::ClusterRecord& record, ReplicaId me, const net::Address& own,
                                     const std::shared_ptr<net::Tls>& tls);

// The page goes on at another replica when its own fails: those that serve it.
[[nodiscard]] std::vector<api::Peer> page_peers(const view::ClusterRecord& record);

// What the death watch says when `me` has ended, and to whom: members owe one another what the read lease promises, so it is
// they whom the death of one concerns. Nobody is told of the death of a process that is no member.
struct DeathBriefing {
  Bytes notice;
  std::vector<std::string> addresses;
};
[[nodiscard]] DeathBriefing death_briefing(const view::ClusterRecord& record, const smr::Member& me,
                                           const std::optional<wire::PeerSecret>& secret);

// How a replica that is told to stop ends. One that is no member can go, and so can the last one: with its disk the cluster
// begins again. Any other leaves the view first.
enum class Leaving : std::uint8_t { kAsNoMember, kAsTheLast, kFromTheView };
[[nodiscard]] Leaving how_to_leave(const smr::ViewRecord& view, const smr::Member& me);

// When the log says for what a process waits: of each reason once, and again every kAgainUs where an operator is needed.
class WaitNotes {
 public:
  static constexpr std::int64_t kAgainUs = 60'000'000;

  // Is it to be told now? `long_since`: it needs an operator.
  [[nodiscard]] bool tell(const std::string& why, bool long_since, BootTime now);
  // The reason that was told last; empty: it waits for nothing.
  [[nodiscard]] const std::string& why() const { return why_; }
  void over() { why_.clear(); }

 private:
  std::string why_;
  BootTime told_;  // a long wait, last
};

// What the service manager is shown.
struct Progress {
  bool has_record = false;          // of the register
  std::optional<wire::Pong> pong;   // of the node; none: it is not decided yet what this process is
  bool learns_from_nobody = false;  // Node::learns_from_nobody
  std::string waits_for;            // empty: it does not wait
};
[[nodiscard]] ServiceNotifier::State service_state(const Progress& now);

}  // namespace titer::host
