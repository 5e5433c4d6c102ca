// SPDX-License-Identifier: Apache-2.0

#include "node/peers.h"

#include <string>
#include <utility>

namespace titer::node {

Peers::Peers(net::Loop& loop, Identity identity, Roster roster, PeerEvents& events)
    : loop_(loop), identity_(identity), roster_(std::move(roster)), events_(events) {}

Peers::~Peers() {
  for (Link& link : links_)
    if (link.connection) link.connection->detach();
}

void Peers::update_roster(const Roster& roster) {
  for (std::uint16_t i = 0; i < limits::kReplicasMax; ++i) {
    const std::optional<net::Address> before = std::exchange(roster_[i], roster[i]);
    const bool same =
        before && roster[i] ? before->text() == roster[i]->text() : before.has_value() == roster[i].has_value();
    if (!same) drop(i);
  }
}

Peers::Link* Peers::link_of(const net::Connection& connection) {
  Link& link = links_[connection.tag];
  return link.connection.get() == &connection ? &link : nullptr;
}

Status Peers::same_cluster(std::uint64_t cluster, std::uint64_t tables) const {
  if (cluster != identity_.cluster) return Error{Code::kProtocol, "you belong to another cluster"};
  if (tables != identity_.tables)
    return Error{
        Code::kProtocol,
        "your product and ZIP tables, or the rules by which requests are executed, differ: run the same version "
        "of titer at all replicas"};
  return ok_status();
}

void Peers::adopt(net::Connection& connection, const wire::Hello& hello, const smr::ViewRecord& view) {
  const std::uint16_t index = hello.replica.value;
  if (const Status same = same_cluster(hello.cluster, hello.tables); !same)
    return connection.fail(same.error().code, same.error().message);
  if (const Status proved = authentic(connection, hello.replica); !proved)
    return connection.fail(proved.error().code, proved.error().message);
  drop(index);
  Link& link = links_[index];
  link.connection = connection.shared_from_this();
  link.incarnation = hello.incarnation;
  link.up = true;
  connection.tag = index;
  connection.set_owner(*this);
  connection.handle_in(nullptr);  // ahead of what clients say
  connection.limit_receiving(limits::kMessageBytesMax);
  wire::encode(
      connection.outgoing(),
      wire::HelloReply{identity_.cluster, identity_.tables, identity_.me, identity_.incarnation, view, {}});
  events_.on_peer_up(hello.replica, hello.incarnation);
}

// Of any version: what is dead is dead.
void Peers::take_death_notice(net::Connection& connection, const wire::Hello& hello) {
  if (const Status same = same_cluster(hello.cluster, identity_.tables); !same)
    return connection.fail(same.error().code, same.error().message);
  if (const Status proved = authentic(connection, hello.replica); !proved)
    return connection.fail(proved.error().code, proved.error().message);
  connection.detach();
  connection.close(Code::kOk, std::string(wire::kDeathNoted));
  const Link& link = links_[hello.replica.value];
  if (link.up && link.incarnation == hello.incarnation) drop(hello.replica.value);
  events_.on_peer_dead(hello.replica, hello.incarnation);
}

Status Peers::authentic(const net::Connection& connection, ReplicaId replica) const {
  const std::optional<net::Address>& address = roster_[replica.value];
  if (!address || replica == identity_.me)
    return Error{Code::kProtocol, "there is no such replica in this cluster"};
  if (address->tls && !connection.proves(address->host))
    return Error{Code::kProtocol, "you show no certificate of my authority for " + address->host +
                                      ", where replica " + std::to_string(replica.value) + " is"};
  return ok_status();
}

void Peers::on_turn(BootTime now) {
  for (Link& link : links_) link.log.tell_left_out(now);
  for (std::uint16_t i = 0; i < identity_.me.value; ++i) {
    Link& link = links_[i];
    if (!roster_[i] || link.connection || link.dialling) continue;
    if (now >= link.dial_at)
      dial(i);
    else
      loop_.wake_at(link.dial_at);
  }
}

void Peers::dial(std::uint16_t index) {
  links_[index].dialling = true;
  net::dial(loop_.context(), *roster_[index], 1'000'000, [this, index](Result<net::Stream> stream) {
    Link& link = links_[index];
    link.dialling = false;
    link.dial_at = BootTime(net::boot_now().value + kRedialUs);
    if (!stream || !roster_[index]) return;
    link.connection = net::Connection::make(std::move(stream).value(), *this, limits::kSendQueueBytesMax);
    link.connection->tag = index;
    wire::Hello hello;
    hello.role = wire::Role::kReplica;
    hello.cluster = identity_.cluster;
    hello.tables = identity_.tables;
    hello.replica = identity_.me;
    hello.incarnation = identity_.incarnation;
    wire::encode(link.connection->outgoing(), hello);
    link.connection->flush();
    link.connection->start();
  });
}

void Peers::on_hello_reply(net::Connection& connection, const wire::Message& message) {
  Link& link = links_[connection.tag];
  if (message.type != wire::Type::kHelloReply)
    return connection.fail(Code::kProtocol, "expected the answer to my hello");
  const auto reply = wire::decode_hello_reply(message.payload);
  if (!reply) return connection.fail(reply.error().code, reply.error().message);
  if (reply->replica.value != connection.tag)
    return connection.fail(Code::kProtocol, "another replica answers at this address");
  if (const Status same = same_cluster(reply->cluster, reply->tables); !same)
    return connection.fail(same.error().code, same.error().message);
  link.incarnation = reply->incarnation;
  link.up = true;
  events_.on_peer_up(reply->replica, reply->incarnation);
}

void Peers::on_message(net::Connection& connection, const wire::Message& message) {
  Link* link = link_of(connection);
  if (link == nullptr) return;
  if (!link->up) return on_hello_reply(connection, message);
  events_.on_peer_message(ReplicaId(static_cast<std::uint16_t>(connection.tag)), link->incarnation, message);
}

void Peers::on_closed(net::Connection& connection, const std::string& reason) {
  if (link_of(connection) == nullptr) return;
  const auto index = static_cast<std::uint16_t>(connection.tag);
  Link& link = links_[index];
  const bool was_up = link.up;
  if (was_up) {
    link.log.line(spdlog::level::info, "link to replica {} is gone: {}", index, reason);
    link.refusal.clear();
  } else if (std::exchange(link.refusal, reason) != reason) {
    link.log.warn("no link to replica {}: {}", index, reason);
  }
  drop(index);
  if (!was_up && roster_[index] && roster_[index]->tls) link.dial_at = BootTime(net::boot_now().value + kRefusedUs);
}

void Peers::drop(std::uint16_t index) {
  Link& link = links_[index];
  if (!link.connection) return;
  const net::ConnectionPtr gone = std::exchange(link.connection, nullptr);
  gone->detach();
  gone->close(Code::kOk, "the link is no longer used");
  link.dial_at = BootTime(net::boot_now().value + kRedialUs);
  if (std::exchange(link.up, false)) events_.on_peer_down(ReplicaId(index), link.incarnation);
}

void Peers::send(smr::ReplicaSet to, const smr::PeerMessage& message, const smr::ViewRecord& newest) {
  scratch_.clear();
  wire::encode(scratch_, message);
  const bool counts = !std::holds_alternative<smr::Heartbeat>(message);
  for (std::uint16_t i = 0; i < limits::kReplicasMax; ++i) {
    if (!to.has(ReplicaId(i)) || !links_[i].up || !newest.addresses(ReplicaId(i), links_[i].incarnation)) continue;
    Bytes& out = links_[i].connection->outgoing();
    out.insert(out.end(), scratch_.begin(), scratch_.end());
    if (counts) ++messages_sent_;
  }
}

Bytes* Peers::outgoing(ReplicaId peer) {
  Link& link = links_[peer.value];
  return link.up ? &link.connection->outgoing() : nullptr;
}

std::size_t Peers::waiting(ReplicaId peer) const {
  const Link& link = links_[peer.value];
  return link.up ? link.connection->waiting() : 0;
}

void Peers::flush() {
  for (Link& link : links_)
    if (link.up) link.connection->flush();
}

void Peers::cut(ReplicaId peer, const std::string& reason) {
  Link& link = links_[peer.value];
  if (link.connection) link.connection->fail(Code::kProtocol, reason);
}

}  // namespace titer::node
