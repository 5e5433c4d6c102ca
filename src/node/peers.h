// SPDX-License-Identifier: Apache-2.0

// Peers: the links between this replica and the others — one duplex connection per pair.
//
// The replica with the higher index dials the lower one, without end: a peer that is down is dialled again every
// kRedialUs, so one that restarts (a new incarnation) is found without a notification. The handshake names cluster,
// index, incarnation and the compiled-in tables; a link whose other side differs is refused. Each side proves that it is
// what it says before anything of it is believed: with the cluster's secret where there is one (peer_handshake.h), and
// under TLS that it is at the address that the cluster knows for its index: the dialled one by TLS's handshake, the
// dialling one by its certificate. A link that is up is replaced by another one only when that one has proved as much.
//
// A process that the newest view has excluded may linger beside its successor, on a machine that the register does not reach.
// Its connections are refused, or the two would take the link from each other again and again.
//
// On several machines the roster changes while the process runs (update_roster()).
//
// A link carries messages of smr and of the state transfer. A broken link is reported to smr. When
// the link is made again, smr repeats the messages that may be lost. Thread rule: the loop's thread.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <vector>

#include "base/ids.h"
#include "base/limits.h"
#include "net/connection.h"
#include "net/environment.h"
#include "node/outside_log.h"
#include "node/peer_handshake.h"
#include "smr/types.h"
#include "wire/codec.h"

namespace titer::node {

// Where the replicas of the cluster listen, by index; nullopt: there is none of this index.
using Roster = std::array<std::optional<net::Address>, limits::kReplicasMax>;

class PeerEvents {
 public:
  virtual void on_peer_up(ReplicaId peer, Incarnation incarnation) = 0;
  virtual void on_peer_down(ReplicaId peer, Incarnation incarnation) = 0;
  virtual void on_peer_dead(ReplicaId peer, Incarnation incarnation) = 0;  // for certain
  virtual void on_peer_message(ReplicaId peer, Incarnation incarnation, const wire::Message& message) = 0;

 protected:
  ~PeerEvents() = default;
};

class Peers final : private net::ConnectionOwner {
 public:
  Peers(net::Environment& env, Identity identity, Roster roster, PeerEvents& events);
  ~Peers();
  Peers(const Peers&) = delete;
  Peers& operator=(const Peers&) = delete;

  // A connection whose Hello says that it comes from a replica, or from the death watch of one (host/death_watch.h), which
  // proves that it is of that replica as the replica itself would.
  void adopt(net::Connection& connection, const wire::Hello& hello, const smr::ViewRecord& view);
  // The roster is another now: links to who is gone from it, or elsewhere, are dropped.
  void update_roster(const Roster& roster);
  // A newer view is without this process. A link that is up stays until its successor comes.
  void excluded(Incarnation process);
  // Once a turn: dials whoever should be dialled, and cuts off who does not prove what it says in time.
  void on_turn(BootTime now);

  // Encodes once and appends to the links of all in `to` (those without a link miss it; smr repeats). A link to another
  // process than the one that `newest`, the newest view, has under an index gets nothing: rule 3 of smr/replica.h.
  void send(smr::ReplicaSet to, const smr::PeerMessage& message, const smr::ViewRecord& newest);
  // The link's outgoing bytes for whole messages; null when there is no link.
  [[nodiscard]] Bytes* outgoing(ReplicaId peer);
  [[nodiscard]] std::size_t waiting(ReplicaId peer) const;
  void flush();
  void cut(ReplicaId peer, const std::string& reason);

  [[nodiscard]] bool up(ReplicaId peer) const { return links_[peer.value].up; }
  [[nodiscard]] Incarnation incarnation(ReplicaId peer) const { return links_[peer.value].incarnation; }
  // Messages of the protocol proper (no heartbeats): what a local read must not cost.
  [[nodiscard]] std::uint64_t messages_sent() const { return messages_sent_; }

 private:
  static constexpr std::int64_t kRedialUs = 50'000;
  static constexpr std::int64_t kRefusedUs = 500'000;  // after a handshake that failed: the next one will too
  // At the door; the oldest makes room. One that knows the secret needs a round trip, so a flood of others seldom meets it.
  static constexpr std::size_t kArrivalsMax = 64;
  static constexpr std::size_t kExcludedMax = 64;  // the last ones; the others have ended long ago

  struct Link {
    net::ConnectionPtr connection;
    std::optional<PeerHandshake> handshake;  // of a connection that we have dialled, until it is done
    BootTime until;                          // … which is then
    Incarnation incarnation;
    bool up = false;  // the handshake is done
    bool dialling = false;
    BootTime dial_at;
    std::string refusal;  // why there is no link, as it was logged
  };

  // A connection that was accepted and has not proved yet what its Hello says.
  struct Arrival {
    net::ConnectionPtr connection;
    PeerHandshake handshake;
    BootTime until;
  };

  void on_message(net::Connection& connection, const wire::Message& message) override;
  void on_closed(net::Connection& connection, const std::string& reason) override;
  [[nodiscard]] wire::Nonce new_nonce();
  void dial(std::uint16_t index);
  void continue_dialled(Link& link, const wire::Message& message);
  void continue_arrival(net::Connection& connection, const wire::Message& message);
  // What it says is proved.
  void admit(net::Connection& connection, const PeerHandshake& proved);
  void admit_death_notice(net::Connection& connection, const PeerHandshake& proved);
  // Its certificate, where there are some, is of the replica that it names.
  [[nodiscard]] Status not_excluded(Incarnation process) const;
  [[nodiscard]] Status certified(const net::Connection& connection, ReplicaId replica) const;
  void answer_challenge(Link& link);
  void cut_off_the_slow(BootTime now);
  void drop(std::uint16_t index);
  [[nodiscard]] Link* link_of(const net::Connection& connection);
  [[nodiscard]] std::vector<Arrival>::iterator arrival_of(const net::Connection& connection);

  net::Environment& env_;
  Identity identity_;
  Roster roster_;
  PeerEvents& events_;
  std::array<Link, limits::kReplicasMax> links_;
  std::vector<OutsideLog> link_logs_;  // by index
  std::vector<Arrival> arrivals_;      // the oldest first
  std::deque<Incarnation> excluded_;
  OutsideLog log_{env_, "replicas that were not let in"};
  Bytes scratch_;
  std::uint64_t messages_sent_ = 0;
};

}  // namespace titer::node
