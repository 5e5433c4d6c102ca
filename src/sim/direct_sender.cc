// SPDX-License-Identifier: Apache-2.0

#include "sim/direct_sender.h"

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <utility>

#include "sim/workload.h"
#include "wire/codec.h"

namespace titer::sim {

namespace {
constexpr Time kLookUs = 50'000;
}  // namespace

DirectSender::DirectSender(Scene& scene, std::uint64_t number)
    : scene_(scene),
      number_(number),
      node_(scene.network.attach(*this, scene.client_host())),
      transmitter_(scene.random.next() | kDirectClientBit),
      client_(transmitter_, SessionId(scene.random.next() | 1), scene.plan.window),
      peers_(static_cast<std::size_t>(scene.plan.replicas)) {
  Event event{Event::Kind::kBorn};
  event.who = node_;
  const std::string name = fmt::format("direct client {}", number_);
  event.text = name;
  scene_.tell(event);
}

std::string DirectSender::text() const {
  std::string out = fmt::format("direct client {} waits for {} answers, view {}, connected to", number_,
                                client_.unanswered(), client_.view() ? client_.view()->number.value : 0);
  for (const Peer& peer : peers_)
    if (peer.greeted) out += fmt::format(" {}", peer.incarnation.value);
  return out;
}

void DirectSender::look(Time at) {
  at = std::max(at, scene_.time.now());
  if (at >= look_at_) return;
  look_at_ = at;
  scene_.time.at(at, *this, kLook);
}

void DirectSender::on_event(std::uint32_t what, std::uint64_t) {
  if (!alive_) return;
  if (what == kThink) return think();
  if (look_at_ != scene_.time.now()) return;
  look_at_ = kNever;
  turn();
}

void DirectSender::think() {
  thinking_ = scene_.working;
  if (!scene_.working) return;
  const Time now = scene_.time.now();
  Random& random = scene_.random;
  if (now >= burst_until_) {
    const Time idle = random.between(1, 2 * scene_.plan.idle_us);
    burst_until_ = now + idle + random.between(1, 2 * scene_.plan.burst_us);
    return scene_.time.at(now + idle, *this, kThink);
  }
  scene_.time.at(now + random.between(1, 2 * scene_.plan.think_us), *this, kThink);
  if (client_.unanswered() >= static_cast<std::size_t>(scene_.plan.depth)) return;
  Asked asked = random_write(scene_);
  step(smr::DirectClient::Submit{asked.body});
  auto& open = open_[client_.last_number().value];
  if (asked.op) {
    asked.op->client = number_;
    asked.op->id = ++last_op_;
    asked.op->call_ns = now * 1000;
    open = scene_.history.size();
    scene_.history.push_back(std::move(*asked.op));
  }
  Event event{Event::Kind::kAsked};
  event.who = node_;
  event.session = client_.session();
  event.number = client_.last_number();
  event.bytes = asked.body;
  scene_.tell(event);
  turn();
}

// --- turns

void DirectSender::step(const smr::DirectClient::Input& input) {
  client_.step(BootTime(scene_.time.now() + 1), input, output_);
}

void DirectSender::turn() {
  const Time now = scene_.time.now();
  if (scene_.working && !std::exchange(thinking_, true)) scene_.time.at(now + 1, *this, kThink);
  for (Port port = 0; port < peers_.size(); ++port) {
    Peer& peer = peers_[port];
    if (peer.connection != 0 || peer.dialling) continue;
    if (now < peer.dial_at) {
      look(peer.dial_at);
      continue;
    }
    peer.dialling = true;
    scene_.network.dial(node_, port);
  }
  step(smr::DirectClient::Tick{});
  step(smr::DirectClient::EndOfTurn{WallTime(kEpochMs + now / 1000 + wall_offset_ms_)});
  perform();
  if (alive_ && client_.unanswered() > 0) look(now + kLookUs);
}

// The message, or a lie in its place: the same frame with another wall clock, which is part of the state.
smr::FromClient DirectSender::said(const smr::FromClient& message) {
  const auto* frame = std::get_if<smr::FramePtr>(&message);
  if (frame == nullptr || (*frame)->count == 0 || !scene_.working || scene_.plan.lies == 0) return message;
  if (!scene_.random.chance(scene_.plan.lies)) return message;
  auto lie = std::make_shared<smr::Frame>(**frame);
  lie->stamp = WallTime(lie->stamp.value + 1);
  scene_.ledger.lied(*lie);
  scene_.hit(CoverageMark::kLie);
  return smr::FramePtr(std::move(lie));
}

void DirectSender::perform() {
  const smr::DirectClient::Output out = std::exchange(output_, {});
  std::size_t frames = 0, sent = 0;
  for (const auto& one : out.send) frames += std::holds_alternative<smr::FramePtr>(one.message) ? 1U : 0U;
  const std::size_t last = doomed_ && frames > 1 ? 1 + scene_.random.below(frames - 1) : frames;
  for (const auto& one : out.send) {
    if (const auto* frame = std::get_if<smr::FramePtr>(&one.message)) {
      scene_.ledger.sent({}, **frame, {});
      if (sent++ == last) break;
    } else if (const ViewNumber view = std::get<smr::Hello>(one.message).view; view == greeted_view_) {
      scene_.hit(CoverageMark::kHelloAgain);
    }
    const smr::Member* member = client_.view()->find(one.to);
    for (Peer& peer : peers_)
      if (peer.greeted && peer.replica == one.to && member != nullptr && peer.incarnation == member->incarnation)
        wire::encode(peer.out, said(one.message));
  }
  for (const auto& one : out.send)
    if (const auto* hello = std::get_if<smr::Hello>(&one.message)) greeted_view_ = hello->view;
  for (Peer& peer : peers_)
    if (!peer.out.empty()) scene_.network.send(peer.connection, node_, std::exchange(peer.out, {}));
  if (last < frames) {
    scene_.hit(CoverageMark::kDirectDiesInBroadcast);
    alive_ = false;
    scene_.network.detach(node_, true);
    return;
  }
  if (out.wake_at) look(out.wake_at->value);
}

// --- what arrives

void DirectSender::on_dialled(Port port, ConnectionId connection) {
  if (!alive_) return;
  Peer& peer = peers_[port];
  peer.dialling = false;
  peer.dial_at = scene_.time.now() + kRedialUs;
  look(peer.dial_at);
  if (connection == 0) return;
  peer.connection = connection;
  wire::Hello hello;
  hello.role = wire::Role::kDirectClient;
  hello.transmitter = transmitter_;
  hello.session = client_.session();
  Bytes out;
  wire::encode(out, hello);
  scene_.network.send(connection, node_, std::move(out));
}

void DirectSender::drop(Peer& peer) {
  peer.connection = 0;
  peer.dial_at = scene_.time.now() + kRedialUs;
  look(peer.dial_at);
  if (std::exchange(peer.greeted, false)) step(smr::DirectClient::Disconnected{peer.replica, peer.incarnation});
}

void DirectSender::on_closed(ConnectionId connection) {
  for (Peer& peer : peers_)
    if (alive_ && peer.connection == connection) drop(peer);
}

void DirectSender::on_received(ConnectionId connection, Bytes bytes) {
  if (!alive_) return;
  const auto peer = std::ranges::find(peers_, connection, &Peer::connection);
  if (peer == peers_.end()) return;
  for (ByteView rest = bytes; !rest.empty() && peer->connection == connection && !scene_.failed();)
    take_message(*peer, rest);
  look(scene_.time.now());
}

void DirectSender::take_message(Peer& peer, ByteView& rest) {
  const auto message = wire::next_message(rest);
  if (!message || !*message) return scene_.fail("wire", "a direct client cannot read what was sent");
  const wire::Message& m = **message;
  if (m.type == wire::Type::kHelloReply) {
    const auto reply = wire::decode_hello_reply(m.payload);
    if (!reply) return scene_.fail("wire", reply.error().message);
    peer.greeted = true;
    peer.replica = reply->replica;
    peer.incarnation = reply->incarnation;
    step(smr::DirectClient::Connected{peer.replica, peer.incarnation, reply->next});
    return step(smr::DirectClient::Receive{peer.replica, smr::ViewIs{reply->view}});
  }
  if (m.type == wire::Type::kAnswer) return take_answer(m.payload);
  if (m.type == wire::Type::kGoodbye) return;  // the end of the connection follows
  auto told = wire::decode_to_client(m);
  if (!told) return scene_.fail("wire", told.error().message);
  step(smr::DirectClient::Receive{peer.replica, std::move(told).value()});
}

void DirectSender::take_answer(ByteView payload) {
  const auto answer = wire::decode_answer(payload);
  registry::Outcome outcome;
  if (!answer || !wire::decode_outcome(answer->result, outcome))
    return scene_.fail("wire", "an answer is malformed");
  if (outcome.code == Code::kSessionEvicted && scene_.plan.evicts()) return begin_again();
  step(smr::DirectClient::Answered{answer->number});
  const auto open = open_.find(answer->number.value);
  if (open == open_.end()) return;  // it came twice
  scene_.ledger.answered(client_.session(), answer->number, answer->result, outcome.position);
  if (open->second) {
    check::Op& op = scene_.history[*open->second];
    op.end_ns = scene_.time.now() * 1000;
    take_outcome(outcome, op);
  }
  open_.erase(open);
  Event event{Event::Kind::kAnswered};
  event.who = node_;
  event.session = client_.session();
  event.number = answer->number;
  event.bytes = answer->result;
  scene_.tell(event);
}

// The session is forgotten: what is open has an unknown outcome, and a new client begins.
void DirectSender::begin_again() {
  scene_.hit(CoverageMark::kSessionGone);
  step(smr::DirectClient::Leave{});
  step(smr::DirectClient::EndOfTurn{WallTime(kEpochMs + scene_.time.now() / 1000 + wall_offset_ms_)});
  perform();
  if (!alive_) return;
  for (Peer& peer : peers_) {
    if (peer.connection != 0) scene_.network.close(peer.connection, node_);
    peer.connection = 0;
    peer.greeted = false;
    peer.dial_at = scene_.time.now() + kRedialUs;
  }
  transmitter_ = TransmitterId(scene_.random.next() | kDirectClientBit);
  client_ = smr::DirectClient(transmitter_, SessionId(scene_.random.next() | 1), scene_.plan.window);
  output_.clear();
  open_.clear();
  greeted_view_ = {};
  look(scene_.time.now() + kRedialUs);
}

// --- faults

void DirectSender::kill() {
  alive_ = false;
  scene_.network.detach(node_, false);
  Event event{Event::Kind::kCrashed};
  event.who = node_;
  event.text = "killed";
  scene_.tell(event);
}

}  // namespace titer::sim
