// SPDX-License-Identifier: Apache-2.0

#include "node/peer_handshake.h"

#include <string>
#include <utility>

#include "base/check.h"

namespace titer::node {

namespace {

Error broken(std::string message) { return {Code::kProtocol, std::move(message)}; }

}  // namespace

Error no_secret_here() {
  return broken(
      "I have no secret of this cluster: give all of its replicas the same [cluster] secret_file, or none");
}

Status same_cluster(const Identity& self, std::uint64_t cluster, std::uint64_t tables) {
  if (cluster != self.cluster) return broken("you belong to another cluster");
  if (tables != self.tables)
    return broken(
        "your product and ZIP tables, or the rules by which requests are executed, differ: run the same version "
        "of titer at all replicas");
  return ok_status();
}

PeerHandshake::PeerHandshake(const Identity& self, ReplicaId peer, const wire::Nonce& nonce, Bytes& out)
    : self_(&self), side_(wire::LinkSide::kDialler), expects_(Expects::kHelloReply) {
  names_ = {self.cluster, {self.me, self.incarnation, nonce}, {peer, {}}};
  wire::Hello hello;
  hello.role = wire::Role::kReplica;
  hello.cluster = self.cluster;
  hello.tables = self.tables;
  hello.replica = self.me;
  hello.incarnation = self.incarnation;
  wire::encode(out, hello);
  if (self.secret) wire::encode(out, wire::Challenge{nonce});
}

PeerHandshake::PeerHandshake(const Identity& self, const wire::Hello& hello, const smr::ViewRecord& view,
                             const wire::Nonce& nonce, Bytes& out)
    : self_(&self), side_(wire::LinkSide::kAcceptor), death_notice_(hello.role == wire::Role::kDeathNotice) {
  names_ = {self.cluster, {hello.replica, hello.incarnation}, {self.me, self.incarnation, nonce}};
  if (self.secret) expects_ = death_notice_ ? Expects::kProof : Expects::kChallenge;
  if (death_notice_) return;
  wire::encode(out, wire::HelloReply{self.cluster, self.tables, self.me, self.incarnation, view, {}});
  if (self.secret) wire::encode(out, wire::Challenge{nonce});
}

Status PeerHandshake::take(const wire::Message& message, Bytes& out) {
  switch (expects_) {
    case Expects::kHelloReply:
      if (message.type != wire::Type::kHelloReply) return broken("expected the answer to my hello");
      return take_hello_reply(message.payload);
    case Expects::kChallenge:
      if (message.type != wire::Type::kChallenge) return broken("expected the challenge of a replica");
      return take_challenge(message.payload, out);
    case Expects::kProof:
      if (message.type != wire::Type::kProof)
        return broken("expected the proof that you know the cluster's secret");
      return take_proof(message.payload, out);
    case Expects::kNothing: break;
  }
  return broken("the handshake is over");
}

Status PeerHandshake::take_hello_reply(ByteView payload) {
  const auto reply = wire::decode_hello_reply(payload);
  if (!reply) return reply.error();
  if (reply->replica != names_.acceptor.replica) return broken("another replica answers at this address");
  if (Status same = same_cluster(*self_, reply->cluster, reply->tables); !same) return same;
  names_.acceptor.incarnation = reply->incarnation;
  expects_ = self_->secret ? Expects::kChallenge : Expects::kNothing;
  return ok_status();
}

Status PeerHandshake::take_challenge(ByteView payload, Bytes& out) {
  const auto challenge = wire::decode_challenge(payload);
  if (!challenge) return challenge.error();
  TITER_CHECK(self_->secret.has_value(), "only a replica with a secret expects a challenge");
  other().nonce = challenge->nonce;
  if (!dials()) wire::encode(out, wire::Proof{self_->secret->prove(side_, names_)});
  expects_ = Expects::kProof;
  return ok_status();
}

Status PeerHandshake::take_proof(ByteView payload, Bytes& out) {
  const auto proof = wire::decode_proof(payload);
  if (!proof) return proof.error();
  const wire::LinkEnd& end = other();
  const wire::LinkSide theirs = dials() ? wire::LinkSide::kAcceptor : wire::LinkSide::kDialler;
  const wire::Mac expected = death_notice_
                                 ? self_->secret->prove_death(names_.cluster, end.replica, end.incarnation)
                                 : self_->secret->prove(theirs, names_);
  if (!wire::same(proof->mac, expected))
    return broken("you do not know this cluster's secret: give all of its replicas the same [cluster] secret_file");
  if (dials()) wire::encode(out, wire::Proof{self_->secret->prove(side_, names_)});
  expects_ = Expects::kNothing;
  return ok_status();
}

const char* PeerHandshake::overdue() const {
  if (self_->secret)
    return "you have not proved that you know this cluster's secret: give all of its replicas the same [cluster] "
           "secret_file";
  return "you have not answered my hello";
}

}  // namespace titer::node
