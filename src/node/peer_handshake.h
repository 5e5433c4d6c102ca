// SPDX-License-Identifier: Apache-2.0

// PeerHandshake: the first messages between two replicas, until each has proved its identity to the other.
//
//   dialler                                acceptor
//   Hello, Challenge(nonce d)  ─────────▶
//                              ◀─────────  HelloReply, Challenge(nonce a), Proof(d, a)
//   Proof(d, a)                ─────────▶
//
// Challenges and proofs (wire/peer_secret.h) are sent if this replica has the cluster's secret; without one, Hello and
// HelloReply are the complete handshake, and certificates have to prove the identities. Either both ends have the secret or
// there is no link. From a death notice the acceptor expects the Proof alone. Nothing that the other side has said is used
// before done().
//
// A state machine without a socket, so that what an impostor may say can be tested message by message. The driver gives each
// message to take(), sends what was appended to `out`, and ends the connection on an error, whose text is for the other side.
// Whether a certificate is the right one, and how long a handshake may take, is the driver's business (peers.h).
// Errors: kProtocol. Thread rule: its owner's.
#pragma once

#include <cstdint>
#include <optional>

#include "base/ids.h"
#include "base/result.h"
#include "smr/types.h"
#include "wire/codec.h"

namespace titer::node {

// The identity of this process, sent in every handshake.
struct Identity {
  ReplicaId me;
  Incarnation incarnation;
  std::uint64_t cluster = 0;
  std::uint64_t tables = 0;
  std::optional<wire::PeerSecret> secret;
};

class PeerHandshake {
 public:
  // We dial: replica `peer` should be there. Appends the Hello.
  PeerHandshake(const Identity& self, ReplicaId peer, const wire::Nonce& nonce, Bytes& out);
  // Somebody has sent this Hello, as a replica or as the death watch of one. Appends the answer.
  PeerHandshake(const Identity& self, const wire::Hello& hello, const smr::ViewRecord& view,
                const wire::Nonce& nonce, Bytes& out);

  [[nodiscard]] Status take(const wire::Message& message, Bytes& out);

  [[nodiscard]] bool done() const { return expects_ == Expects::kNothing; }
  [[nodiscard]] bool is_death_notice() const { return death_notice_; }
  // The replica that it claims to be; believe it when done().
  [[nodiscard]] ReplicaId peer() const { return other().replica; }
  [[nodiscard]] Incarnation incarnation() const { return other().incarnation; }
  // What it still has to do, for one that has been silent for too long.
  [[nodiscard]] const char* overdue() const;

 private:
  enum class Expects : std::uint8_t { kHelloReply, kChallenge, kProof, kNothing };

  [[nodiscard]] Status take_hello_reply(ByteView payload);
  [[nodiscard]] Status take_challenge(ByteView payload, Bytes& out);
  [[nodiscard]] Status take_proof(ByteView payload, Bytes& out);
  [[nodiscard]] bool dials() const { return side_ == wire::LinkSide::kDialler; }
  [[nodiscard]] wire::LinkEnd& other() { return dials() ? names_.acceptor : names_.dialler; }
  [[nodiscard]] const wire::LinkEnd& other() const { return dials() ? names_.acceptor : names_.dialler; }

  const Identity* self_;  // outlives it
  wire::LinkSide side_;
  wire::LinkNames names_;
  bool death_notice_ = false;
  Expects expects_ = Expects::kNothing;
};

// What a replica without the secret tells one that asks for it.
[[nodiscard]] Error no_secret_here();
// It belongs to our cluster and executes requests as we do.
[[nodiscard]] Status same_cluster(const Identity& self, std::uint64_t cluster, std::uint64_t tables);

}  // namespace titer::node
