// SPDX-License-Identifier: Apache-2.0

#include "sim/network.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "wire/message.h"

namespace titer::sim {

namespace {

constexpr Time kDialTimeoutUs = 1'000'000;

// Length of the message that begins here, header included. It was written by wire::encode.
std::size_t message_bytes(ByteView in) {
  std::uint32_t length = 0;
  std::memcpy(&length, in.data() + 4, sizeof length);
  return wire::kHeaderBytes + length;
}

// How many of these bytes are whole messages.
std::size_t whole_messages(ByteView in, std::size_t bytes) {
  std::size_t end = 0;
  while (end < in.size() && end + message_bytes(in.subspan(end)) <= bytes) end += message_bytes(in.subspan(end));
  return end;
}

std::uint64_t name_of(ConnectionId id, unsigned side) { return std::uint64_t{id} << 1U | side; }

}  // namespace

Network::Network(Stage& stage) : stage_(stage), connections_(1) { listeners_.fill(kNoNode); }

Node Network::attach(Endpoint& endpoint, Host host) {
  nodes_.push_back({&endpoint, host});
  return static_cast<Node>(nodes_.size() - 1);
}

Time Network::delay(Node from, Node to) {
  const Plan& plan = stage_.plan;
  return plan.delay_us + stage_.random.between(0, plan.jitter_us) + slow_[nodes_[from].host][nodes_[to].host];
}

void Network::dial(Node from, Port port) {
  const Node to = listeners_[port];
  const Time there_and_back = to == kNoNode ? stage_.plan.delay_us : delay(from, to) + delay(to, from);
  stage_.time.at(stage_.time.now() + there_and_back, *this, kDial, std::uint64_t{from} << 32U | port);
}

void Network::dial_now(Node from, Port port) {
  if (!nodes_[from].alive) return;
  const Node to = listeners_[port];
  if (to == kNoNode || !nodes_[to].alive) return nodes_[from].endpoint->on_dialled(port, 0);
  if (blocked(from, to) || blocked(to, from)) {
    const Time when = stage_.time.now() + kDialTimeoutUs;
    return stage_.time.at(when, *this, kDialFailed, std::uint64_t{from} << 32U | port);
  }
  const auto id = static_cast<ConnectionId>(connections_.size());
  connections_.emplace_back().node = {from, to};
  open_.push_back(id);
  nodes_[to].endpoint->on_accepted(id);
  nodes_[from].endpoint->on_dialled(port, id);
}

void Network::send(ConnectionId id, Node from, Bytes bytes) {
  SimConnection& c = connections_[id];
  const unsigned side = c.node[0] == from ? 1 : 0;
  Way& way = c.way[side];
  if (!c.open || way.ended || bytes.empty()) return;
  way.last = std::max(way.last, stage_.time.now() + delay(from, c.node[side]));
  way.bytes += bytes.size();
  Chunk& chunk = way.queue.emplace_back(Chunk{way.last, told_, std::move(bytes)});
  if (stage_.observer != nullptr) tell_messages(Event::Kind::kSent, c, side, chunk);
  stage_.time.at(way.last, *this, kDeliver, name_of(id, side));
}

void Network::tell_messages(Event::Kind kind, const SimConnection& c, unsigned side, const Chunk& chunk) {
  const Node from = c.node[1 - side], to = c.node[side];
  std::uint64_t message = chunk.first_message;
  for (ByteView rest = chunk.bytes; !rest.empty(); ++message) {
    const std::size_t size = message_bytes(rest);
    Event event{kind};
    event.who = kind == Event::Kind::kDelivered ? to : from;
    event.peer = kind == Event::Kind::kDelivered ? from : to;
    event.message = message;
    event.bytes = rest.first(size);
    stage_.tell(event);
    rest = rest.subspan(size);
  }
  if (kind == Event::Kind::kSent) told_ = message;
}

void Network::deliver(ConnectionId id, unsigned side) {
  SimConnection& c = connections_[id];
  Way& way = c.way[side];
  const Node from = c.node[1 - side], to = c.node[side];
  while (!way.queue.empty() && way.queue.front().at <= stage_.time.now() && !blocked(from, to)) {
    Chunk chunk = std::move(way.queue.front());
    way.queue.pop_front();
    way.bytes -= chunk.bytes.size();
    if (!nodes_[to].alive || !way.receives) continue;
    if (chunk.bytes.empty()) {
      way.receives = false;
      nodes_[to].endpoint->on_closed(id);
      continue;
    }
    ++messages_;
    std::uint64_t checksum = 0;
    std::memcpy(&checksum, chunk.bytes.data() + 8, sizeof checksum);
    stage_.note(checksum ^ (name_of(id, side) << 40U) ^ static_cast<std::uint64_t>(stage_.time.now()));
    if (stage_.observer != nullptr) tell_messages(Event::Kind::kDelivered, c, side, chunk);
    nodes_[to].endpoint->on_received(id, std::move(chunk.bytes));
  }
}

// Behind everything that is queued comes the end.
void Network::end_way(SimConnection& c, ConnectionId id, unsigned side) {
  Way& way = c.way[side];
  if (std::exchange(way.ended, true)) return;
  way.last = std::max(way.last, stage_.time.now() + delay(c.node[1 - side], c.node[side]));
  way.queue.push_back(Chunk{way.last, 0, {}});
  stage_.time.at(way.last, *this, kDeliver, name_of(id, side));
}

void Network::lose_tail(SimConnection& c, unsigned side) {
  Way& way = c.way[side];
  if (way.ended || way.queue.empty()) return;
  std::size_t all = 0;
  for (const Chunk& chunk : way.queue) all += chunk.bytes.size();
  std::size_t keep = stage_.random.below(all + 1);
  std::size_t kept = 0;
  for (; kept < way.queue.size() && keep >= way.queue[kept].bytes.size(); ++kept)
    keep -= way.queue[kept].bytes.size();
  if (kept == way.queue.size()) return;
  stage_.hit(CoverageMark::kTailLost);
  if (stage_.observer != nullptr)
    for (std::size_t i = kept; i < way.queue.size(); ++i) tell_messages(Event::Kind::kLost, c, side, way.queue[i]);
  const std::size_t part = whole_messages(way.queue[kept].bytes, keep);
  way.queue[kept].bytes.resize(part);
  way.queue.resize(part > 0 ? kept + 1 : kept);
  way.bytes = 0;
  for (const Chunk& chunk : way.queue) way.bytes += chunk.bytes.size();
}

void Network::forget(ConnectionId id) {
  connections_[id].open = false;
  std::erase(open_, id);
}

void Network::cut(ConnectionId id) {
  SimConnection& c = connections_[id];
  if (!c.open) return;
  for (unsigned side = 0; side < 2; ++side) {
    lose_tail(c, side);
    end_way(c, id, side);
  }
  forget(id);
}

void Network::close(ConnectionId id, Node by) {
  SimConnection& c = connections_[id];
  const unsigned other = c.node[0] == by ? 1 : 0;
  c.way[1 - other].receives = false;
  c.way[1 - other].ended = true;
  c.way[1 - other].queue.clear();
  c.way[1 - other].bytes = 0;
  end_way(c, id, other);
  forget(id);
}

std::size_t Network::under_way(ConnectionId id, Node from) const {
  const SimConnection& c = connections_[id];
  return c.open ? c.way[c.node[0] == from ? 1 : 0].bytes : 0;
}

void Network::detach(Node node, bool whole) {
  nodes_[node].alive = false;
  const std::vector<ConnectionId> all = open_;
  for (const ConnectionId id : all) {
    SimConnection& c = connections_[id];
    if (c.node[0] != node && c.node[1] != node) continue;
    if (!whole) lose_tail(c, c.node[0] == node ? 1 : 0);
    close(id, node);
  }
}

void Network::unblock(Host from, Host to) {
  blocked_[from] &= ~(std::uint64_t{1} << to);
  // Delivers the messages that have waited, and the ends of connections that have closed meanwhile.
  for (ConnectionId id = 1; id < connections_.size(); ++id) {
    for (unsigned side = 0; side < 2; ++side) {
      const SimConnection& c = connections_[id];
      if (c.way[side].queue.empty() || nodes_[c.node[side]].host != to || nodes_[c.node[1 - side]].host != from)
        continue;
      stage_.time.at(std::max(stage_.time.now(), c.way[side].queue.front().at), *this, kDeliver, name_of(id, side));
    }
  }
}

void Network::heal() {
  slow_ = {};
  for (Host from = 0; from < kHostsMax; ++from)
    for (Host to = 0; to < kHostsMax; ++to)
      if ((blocked_[from] >> to & 1U) != 0) unblock(from, to);
}

void Network::on_event(std::uint32_t what, std::uint64_t argument) {
  if (what == kDeliver) return deliver(static_cast<ConnectionId>(argument >> 1U), argument & 1U);
  const auto from = static_cast<Node>(argument >> 32U);
  const auto port = static_cast<Port>(argument & UINT32_MAX);
  if (what == kDial) return dial_now(from, port);
  if (nodes_[from].alive) nodes_[from].endpoint->on_dialled(port, 0);
}

}  // namespace titer::sim
