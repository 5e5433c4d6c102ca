// SPDX-License-Identifier: Apache-2.0

// Connections of a process, and where what comes over them goes.
#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "registry/products.h"
#include "sim/sim_process.h"

namespace titer::sim {

namespace {}

SimProcess::Link* SimProcess::find(ConnectionId connection) {
  for (Link& link : links_)
    if (link.connection == connection) return &link;
  return nullptr;
}

// The incarnation that the newest view has under this id, if any; else the newest connection (smr/replica.h).
SimProcess::Link* SimProcess::route(ReplicaId to) {
  for (auto link = links_.rbegin(); link != links_.rend(); ++link) {
    if (link->role != Link::Role::kPeer || link->peer != to) continue;
    if (known_.addresses(to, link->incarnation)) return &*link;
  }
  return nullptr;
}

SimProcess::Link* SimProcess::link_of(SessionId session) {
  for (auto link = links_.rbegin(); link != links_.rend(); ++link)
    if ((link->role == Link::Role::kThin || link->role == Link::Role::kDirect) && link->session == session)
      return &*link;
  return nullptr;
}

SimProcess::Link* SimProcess::link_of(TransmitterId transmitter) {
  for (auto link = links_.rbegin(); link != links_.rend(); ++link)
    if (link->role == Link::Role::kDirect && link->transmitter == transmitter) return &*link;
  return nullptr;
}

SimProcess::Link* SimProcess::register_link() {
  for (Link& link : links_)
    if (link.role == Link::Role::kRegister) return &link;
  return nullptr;
}

// --- dialling: the register, and every lower index

bool SimProcess::needs_dial(ReplicaId to) const {
  return std::ranges::none_of(links_, [&](const Link& link) {
    if (link.peer != to) return false;
    if (link.role == Link::Role::kGreeting) return true;
    // A link to a process that was excluded may stay for long: its successor listens there now.
    return link.role == Link::Role::kPeer && std::ranges::count(excluded_, link.incarnation) == 0;
  });
}

void SimProcess::dial_due_links() {
  const Time now = scene_.time.now();
  const auto dial = [&](Port port) {
    Time& at = dial_at_[port];
    if (at == kNever) return;
    if (now < at) return wake(at);
    at = kNever;
    scene_.network.dial(node_, port);
  };
  if (starting() && opens_at_ != kNever) return wake(opens_at_);
  if (register_link() == nullptr) dial(kRegisterPort);
  if (starting()) return;
  for (std::uint16_t i = 0; i < me_.value; ++i)
    if (needs_dial(ReplicaId(i))) dial(i);
}

void SimProcess::greet(ConnectionId connection, Port port) {
  dial_at_[port] = scene_.time.now() + kRedialUs;
  if (connection == 0) return;
  Link& link = links_.emplace_back();
  link.role = port == kRegisterPort ? Link::Role::kRegister : Link::Role::kGreeting;
  link.connection = connection;
  link.peer = ReplicaId(static_cast<std::uint16_t>(port));
  wire::Hello hello;
  hello.role = wire::Role::kReplica;
  hello.tables = registry::tables_digest();
  hello.replica = me_;
  hello.incarnation = incarnation_;
  wire::encode(link.out, hello);
  if (starting()) wire::encode(link.out, directory_->inventory(machine_->position()));
}

void SimProcess::lost(ConnectionId connection) {
  const Link* link = find(connection);
  if (link == nullptr) return;
  const Link gone = *link;
  std::erase_if(links_, [&](const Link& l) { return l.connection == connection; });
  dial_at_[gone.role == Link::Role::kRegister ? kRegisterPort : gone.peer.value] = scene_.time.now() + kRedialUs;
  if (gone.role == Link::Role::kPeer) {
    if (donor_ == connection) {
      donor_ = 0;
      scene_.hit(CoverageMark::kDonorLost);
    }
    if (unfinished_from_ == connection) machine_->forget_unfinished();
    learners_.erase(connection);
    step(smr::input::LinkDown{gone.peer, gone.incarnation});
  } else if (gone.role == Link::Role::kDirect && link_of(gone.transmitter) == nullptr) {
    step(smr::input::DirectLost{gone.transmitter});
  }
}

void SimProcess::drop(ConnectionId connection) {
  scene_.network.close(connection, node_);
  lost(connection);
}

void SimProcess::peer_up(ConnectionId connection, ReplicaId peer, Incarnation incarnation) {
  for (const Link& link : links_) {
    if (link.role != Link::Role::kPeer || link.peer != peer || link.incarnation != incarnation) continue;
    drop(link.connection);
    break;
  }
  Link* link = find(connection);
  if (link == nullptr) return;  // the process has ended over the old link's end
  link->role = Link::Role::kPeer;
  link->peer = peer;
  link->incarnation = incarnation;
  step(smr::input::LinkUp{peer, incarnation});
}

// --- messages

void SimProcess::take_bytes(ConnectionId connection, ByteView bytes) {
  while (alive_ && !bytes.empty() && find(connection) != nullptr) {
    const auto message = wire::next_message(bytes);
    if (!message || !*message)
      return scene_.fail("wire", fmt::format("replica {} cannot read what was sent: {}", me_.value,
                                             message ? "a message is cut short" : message.error().message));
    take_message(connection, **message);
  }
}

void SimProcess::take_message(ConnectionId connection, const wire::Message& message) {
  const Link& link = *find(connection);
  switch (link.role) {
    case Link::Role::kNewcomer: {
      const auto hello = wire::decode_hello(message.payload);
      if (!hello) return scene_.fail("wire", hello.error().message);
      return admit(connection, *hello);
    }
    case Link::Role::kGreeting: {
      const auto reply = wire::decode_hello_reply(message.payload);
      if (!reply) return scene_.fail("wire", reply.error().message);
      if (std::ranges::count(excluded_, reply->incarnation) > 0) return drop(connection);
      return peer_up(connection, reply->replica, reply->incarnation);
    }
    case Link::Role::kPeer: return peer_message(Link(link), message);
    case Link::Role::kRegister: return register_message(message);
    case Link::Role::kThin:
    case Link::Role::kDirect: return client_message(connection, message);
  }
}

void SimProcess::admit(ConnectionId connection, const wire::Hello& hello) {
  wire::HelloReply reply;
  reply.tables = registry::tables_digest();
  reply.replica = me_;
  reply.incarnation = incarnation_;
  reply.view = known_;
  const bool full = replica_->full();
  if (hello.role != wire::Role::kReplica && full) reply.view = replica_->snapshot().view;
  reply.next = machine_->position().next();
  wire::encode(find(connection)->out, reply);
  if (hello.role == wire::Role::kReplica) return peer_up(connection, hello.replica, hello.incarnation);
  const bool direct = hello.role == wire::Role::kDirectClient;
  // It connects again before its old connection's end was seen: that end comes first (smr/direct_clients.h).
  if (direct && link_of(hello.transmitter) != nullptr) step(smr::input::DirectLost{hello.transmitter});
  Link* link = find(connection);
  if (link == nullptr) return;
  link->role = direct ? Link::Role::kDirect : Link::Role::kThin;
  link->session = hello.session;
  link->born = hello.born == Position() ? reply.next : hello.born;
  link->transmitter = hello.transmitter;
}

void SimProcess::peer_message(const Link& from, const wire::Message& message) {
  switch (message.type) {
    case wire::Type::kTransferWant: {
      const auto want = wire::decode_transfer_want(message.payload);
      if (!want) return scene_.fail("wire", want.error().message);
      Learner& learner = learners_[from.connection];
      if (!learner.gets_final_state()) learner = Learner{*want};
      return;
    }
    case wire::Type::kTransferPart: return take_part(from, message.payload);
    default: break;
  }
  auto decoded = wire::decode_peer(message);
  if (!decoded) return scene_.fail("wire", decoded.error().message);
  const smr::PeerMessage peer_message = std::move(decoded).value();
  const smr::FramePtr* frame = std::get_if<smr::FramePtr>(&peer_message);
  if (const auto* relay = std::get_if<smr::Relay>(&peer_message)) {
    frame = &relay->frame;
    scene_.ledger.relayed(**frame);
  }
  if (frame != nullptr) {
    if (!scene_.plan.durable) scene_.ledger.holds(incarnation_, **frame);
    if (!full() || (*frame)->view > installed_) scene_.hit(CoverageMark::kEarlyFrame);
    Seq& newest = newest_from_[(*frame)->transmitter.value];
    if ((*frame)->view == installed_ && (*frame)->seq <= newest) scene_.hit(CoverageMark::kLinkRepeats);
    if ((*frame)->view == installed_) newest = std::max(newest, (*frame)->seq);
  }
  if (const auto* flush = std::get_if<smr::Flush>(&peer_message); flush != nullptr && flush->view > known_.number)
    scene_.hit(CoverageMark::kEarlyFlush);
  step(smr::input::Receive{from.peer, from.incarnation, peer_message});
}

void SimProcess::register_message(const wire::Message& message) {
  if (message.type == wire::Type::kRegisterRecord) {
    const auto newest = wire::decode_register_record(message.payload);
    if (!newest) return scene_.fail("wire", newest.error().message);
    return starting() ? decide(*newest) : record(*newest);
  }
  const auto ping = wire::decode_ping(message.payload);
  if (!ping) return scene_.fail("wire", ping.error().message);
  wire::encode(register_link()->out,
               wire::Pong{*ping, installed_, has_durable_state(), machine_->position(), learned_});
}

void SimProcess::flush_links() {
  for (std::size_t i = 0; i < links_.size(); ++i) {
    if (links_[i].out.empty()) continue;
    if (!spend()) return;
    scene_.network.send(links_[i].connection, node_, std::exchange(links_[i].out, {}));
  }
}

}  // namespace titer::sim
