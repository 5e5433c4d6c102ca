// SPDX-License-Identifier: Apache-2.0

#include "node/peers.h"

#include <algorithm>
#include <string>
#include <utility>

namespace titer::node {

Peers::Peers(net::Environment& env, Identity identity, Roster roster, PeerEvents& events)
    : env_(env),
      identity_(identity),
      roster_(std::move(roster)),
      events_(events),
      link_logs_(limits::kReplicasMax, {env, "the link to a replica"}) {}

wire::Nonce Peers::new_nonce() {
  wire::Nonce nonce{};
  env_.random(nonce);
  return nonce;
}

Peers::~Peers() {
  for (Link& link : links_)
    if (link.connection) link.connection->detach();
  for (const Arrival& one : arrivals_) one.connection->detach();
}

void Peers::update_roster(const Roster& roster) {
  for (std::uint16_t i = 0; i < limits::kReplicasMax; ++i) {
    const std::optional<net::Address> before = std::exchange(roster_[i], roster[i]);
    const bool same =
        before && roster[i] ? before->text() == roster[i]->text() : before.has_value() == roster[i].has_value();
    if (!same) drop(i);
  }
}

std::vector<Peers::Arrival>::iterator Peers::arrival_of(const net::Connection& connection) {
  return std::ranges::find_if(arrivals_, [&](const Arrival& one) { return one.connection.get() == &connection; });
}

Peers::Link* Peers::link_of(const net::Connection& connection) {
  Link& link = links_[connection.tag];
  return link.connection.get() == &connection ? &link : nullptr;
}

void Peers::adopt(net::Connection& connection, const wire::Hello& hello, const smr::ViewRecord& view) {
  // Of a death notice of any version: what is dead is dead.
  const bool notice = hello.role == wire::Role::kDeathNotice;
  if (const Status same = same_cluster(identity_, hello.cluster, notice ? identity_.tables : hello.tables); !same)
    return connection.fail(same.error().code, same.error().message);
  if (const Status counts = notice ? ok_status() : not_excluded(hello.incarnation); !counts)
    return connection.fail(counts.error().code, counts.error().message);
  if (const Status certain = certified(connection, hello.replica); !certain)
    return connection.fail(certain.error().code, certain.error().message);
  connection.tag = hello.replica.value;
  connection.set_owner(*this);
  PeerHandshake handshake(identity_, hello, view, new_nonce(), connection.outgoing());
  connection.flush();
  if (handshake.done()) return admit(connection, handshake);
  if (arrivals_.size() >= kArrivalsMax) {
    arrivals_.front().connection->detach();
    arrivals_.front().connection->close(Code::kBusy, "too many at the door; come again");
    arrivals_.erase(arrivals_.begin());
  }
  const BootTime until(env_.boot_now().value + limits::kHandshakeUs);
  arrivals_.push_back({connection.shared_from_this(), std::move(handshake), until});
}

void Peers::continue_arrival(net::Connection& connection, const wire::Message& message) {
  const auto arrival = arrival_of(connection);
  if (arrival == arrivals_.end()) return;
  if (const Status taken = arrival->handshake.take(message, connection.outgoing()); !taken)
    return connection.fail(taken.error().code, taken.error().message);
  connection.flush();
  if (!arrival->handshake.done()) return;
  const Arrival proved = std::move(*arrival);
  arrivals_.erase(arrival);
  admit(connection, proved.handshake);
}

void Peers::admit(net::Connection& connection, const PeerHandshake& proved) {
  if (proved.is_death_notice()) return admit_death_notice(connection, proved);
  const std::uint16_t index = proved.peer().value;
  drop(index);
  Link& link = links_[index];
  link.connection = connection.shared_from_this();
  link.incarnation = proved.incarnation();
  link.up = true;
  connection.limit_sending(limits::kSendQueueBytesMax);
  connection.handle_in(nullptr);  // ahead of what clients say
  connection.limit_receiving(limits::kMessageBytesMax);
  events_.on_peer_up(proved.peer(), proved.incarnation());
}

void Peers::admit_death_notice(net::Connection& connection, const PeerHandshake& proved) {
  connection.detach();
  connection.close(Code::kOk, std::string(wire::kDeathNoted));
  const Link& link = links_[proved.peer().value];
  if (link.up && link.incarnation == proved.incarnation()) drop(proved.peer().value);
  events_.on_peer_dead(proved.peer(), proved.incarnation());
}

void Peers::excluded(Incarnation process) {
  excluded_.push_back(process);
  if (excluded_.size() > kExcludedMax) excluded_.pop_front();
}

Status Peers::not_excluded(Incarnation process) const {
  if (std::ranges::count(excluded_, process) == 0) return ok_status();
  return Error{Code::kExcluded, "the newest view is without you; ask the register for it"};
}

Status Peers::certified(const net::Connection& connection, ReplicaId replica) const {
  const std::optional<net::Address>& address = roster_[replica.value];
  if (!address || replica == identity_.me)
    return Error{Code::kProtocol, "there is no such replica in this cluster"};
  if (address->tls && !connection.proves(address->host))
    return Error{Code::kProtocol, "you show no certificate of my authority for " + address->host +
                                      ", where replica " + std::to_string(replica.value) +
                                      " is, with the purposes of a server and of a client"};
  return ok_status();
}

void Peers::cut_off_the_slow(BootTime now) {
  std::vector<std::pair<net::ConnectionPtr, const char*>> slow;
  const auto look = [&](const net::ConnectionPtr& connection, const PeerHandshake& handshake, BootTime until) {
    if (now >= until)
      slow.emplace_back(connection, handshake.overdue());
    else
      env_.wake_at(until);
  };
  for (const Arrival& one : arrivals_) look(one.connection, one.handshake, one.until);
  for (const Link& link : links_)
    if (link.handshake) look(link.connection, *link.handshake, link.until);
  for (const auto& [connection, why] : slow) connection->fail(Code::kProtocol, why);
}

void Peers::on_turn(BootTime now) {
  for (OutsideLog& log : link_logs_) log.tell_left_out(now);
  log_.tell_left_out(now);
  cut_off_the_slow(now);
  for (std::uint16_t i = 0; i < identity_.me.value; ++i) {
    Link& link = links_[i];
    if (!roster_[i] || link.connection || link.dialling) continue;
    if (now >= link.dial_at)
      dial(i);
    else
      env_.wake_at(link.dial_at);
  }
}

void Peers::dial(std::uint16_t index) {
  links_[index].dialling = true;
  env_.dial(*roster_[index], 1'000'000, [this, index](Result<net::ByteStreamPtr> stream) {
    Link& link = links_[index];
    link.dialling = false;
    link.dial_at = BootTime(env_.boot_now().value + kRedialUs);
    if (!stream || !roster_[index]) return;
    link.connection = net::Connection::make(env_, std::move(stream).value(), *this, limits::kSendQueueBytesMax);
    link.connection->tag = index;
    link.handshake.emplace(identity_, ReplicaId(index), new_nonce(), link.connection->outgoing());
    link.until = BootTime(env_.boot_now().value + limits::kHandshakeUs);
    link.connection->flush();
    link.connection->start();
  });
}

void Peers::continue_dialled(Link& link, const wire::Message& message) {
  net::Connection& connection = *link.connection;
  if (const Status taken = link.handshake->take(message, connection.outgoing()); !taken)
    return connection.fail(taken.error().code, taken.error().message);
  if (!link.handshake->done()) return;
  if (const Status counts = not_excluded(link.handshake->incarnation()); !counts)
    return connection.fail(counts.error().code, counts.error().message);
  link.incarnation = link.handshake->incarnation();
  link.handshake.reset();
  link.up = true;
  connection.flush();
  events_.on_peer_up(ReplicaId(static_cast<std::uint16_t>(connection.tag)), link.incarnation);
}

void Peers::on_message(net::Connection& connection, const wire::Message& message) {
  Link* link = link_of(connection);
  if (link == nullptr) return continue_arrival(connection, message);
  if (link->handshake) return continue_dialled(*link, message);
  if (message.type == wire::Type::kChallenge) return answer_challenge(*link);
  events_.on_peer_message(ReplicaId(static_cast<std::uint16_t>(connection.tag)), link->incarnation, message);
}

// Of a replica with a secret to one without: the link is not what it was taken for.
void Peers::answer_challenge(Link& link) {
  if (std::exchange(link.up, false))
    events_.on_peer_down(ReplicaId(static_cast<std::uint16_t>(link.connection->tag)), link.incarnation);
  const Error none = no_secret_here();
  link.connection->fail(none.code, none.message);
}

void Peers::on_closed(net::Connection& connection, const std::string& reason) {
  if (const auto arrival = arrival_of(connection); arrival != arrivals_.end()) {
    arrivals_.erase(arrival);
    return log_.warn("replica {} was not let in: {}", connection.tag, reason);
  }
  if (link_of(connection) == nullptr) return;
  const auto index = static_cast<std::uint16_t>(connection.tag);
  Link& link = links_[index];
  const bool was_up = link.up;
  if (was_up) {
    link_logs_[index].line(spdlog::level::info, "link to replica {} is gone: {}", index, reason);
    link.refusal.clear();
  } else if (std::exchange(link.refusal, reason) != reason) {
    link_logs_[index].warn("no link to replica {}: {}", index, reason);
  }
  drop(index);
  if (!was_up) link.dial_at = BootTime(env_.boot_now().value + kRefusedUs);
}

void Peers::drop(std::uint16_t index) {
  Link& link = links_[index];
  if (!link.connection) return;
  const net::ConnectionPtr gone = std::exchange(link.connection, nullptr);
  gone->detach();
  gone->close(Code::kOk, "the link is no longer used");
  link.handshake.reset();
  link.dial_at = BootTime(env_.boot_now().value + kRedialUs);
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
