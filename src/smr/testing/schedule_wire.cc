// SPDX-License-Identifier: Apache-2.0

#include <fmt/format.h>

#include "smr/request_batch.h"
#include "smr/rules.h"
#include "smr/testing/schedule.h"

namespace titer::smr::testing {

namespace {

std::uint64_t fold(std::uint64_t digest, std::uint64_t value) {
  return (digest ^ value) * 0x9E3779B97F4A7C15ULL + (digest >> 31U);
}

}  // namespace

Schedule::Wire& Schedule::wire(Node a, Node b) { return wires_[{std::min(a, b), std::max(a, b)}]; }

bool Schedule::alive(Node n) const {
  return n >= kFirstClient ? clients_[static_cast<std::size_t>(n - kFirstClient)].alive
                           : processes_[static_cast<std::size_t>(n)].alive;
}

std::string Schedule::text(Node p) const {
  const Process& x = processes_[static_cast<std::size_t>(p)];
  const Snapshot s = x.replica->snapshot();
  return fmt::format("process {} (replica {}) installed {} target {} full {} position {} pending {} reads {}", p,
                     x.id.value, s.installed.value, s.target.value, s.full, x.position, s.pending_requests,
                     x.reads.size());
}

void Schedule::connect(Node a, Node b) {
  Wire& w = wire(a, b);
  if (w.up || !alive(a) || !alive(b)) return;
  w.up = true;
  ++w.generation;
  for (auto& way : w.way) way.emplace_back(Up{w.generation});
}

void Schedule::drop_tail(std::deque<Item>& way) {
  std::size_t keep = random_.below(way.size() + 1);
  // What marks the connection's life itself always arrives.
  for (std::size_t i = keep; i < way.size(); ++i)
    if (std::holds_alternative<Up>(way[i]) || std::holds_alternative<Down>(way[i])) keep = i + 1;
  way.erase(way.begin() + static_cast<std::ptrdiff_t>(keep), way.end());
}

void Schedule::cut(Node a, Node b) {
  Wire& w = wire(a, b);
  if (!w.up) return;
  ++stats_.cuts;
  w.up = false;
  for (auto& way : w.way) {
    drop_tail(way);
    way.emplace_back(Down{});
  }
}

void Schedule::send(Node from, Node to, Item item) {
  const auto it = wires_.find({std::min(from, to), std::max(from, to)});
  if (it == wires_.end()) return;
  Wire& w = it->second;
  const int side = from < to ? 0 : 1;
  if (!w.up || w.known[side] != w.generation) return;
  w.way[side].push_back(std::move(item));
}

void Schedule::deliver(Wire& w, Node from, Node to) {
  auto& way = w.way[from < to ? 0 : 1];
  Item item = std::move(way.front());
  way.pop_front();
  if (!alive(to)) return;
  if (const auto* up = std::get_if<Up>(&item)) w.known[to < from ? 0 : 1] = up->generation;
  to >= kFirstClient ? to_client(from, to, item) : to_process(from, to, item);
}

void Schedule::to_process(Node from, Node to, Item& item) {
  Process& p = processes_[static_cast<std::size_t>(to)];
  if (from >= kFirstClient) {
    const TransmitterId id(kDirectClientBit | static_cast<std::uint64_t>(from));
    if (std::holds_alternative<Up>(item)) {
      p.clients.insert(from);
      const Snapshot s = p.replica->snapshot();
      if (s.full) send(to, from, ToClient(ViewIs{s.view}));
    } else if (std::holds_alternative<Down>(item)) {
      p.clients.erase(from);
      give(to, input::DirectLost{id});
    } else {
      give(to, input::Direct{id, std::get<FromClient>(item)});
    }
    return;
  }
  const Process& q = processes_[static_cast<std::size_t>(from)];
  if (std::holds_alternative<Up>(item)) {
    p.peers[q.id.value] = from;
    give(to, input::LinkUp{q.id, q.incarnation});
  } else if (std::holds_alternative<Down>(item)) {
    give(to, input::LinkDown{q.id, q.incarnation});
  } else if (auto* state = std::get_if<State>(&item)) {
    take_state(to, *state);
  } else {
    give(to, input::Receive{q.id, q.incarnation, std::get<PeerMessage>(item)});
  }
}

void Schedule::to_client(Node from, Node to, Item& item) {
  const Process& p = processes_[static_cast<std::size_t>(from)];
  if (std::holds_alternative<Up>(item)) return give_client(to, DirectClient::Connected{p.id, p.incarnation});
  if (std::holds_alternative<Down>(item)) return give_client(to, DirectClient::Disconnected{p.id, p.incarnation});
  if (const auto* r = std::get_if<Result>(&item)) {
    const auto& client = *clients_[static_cast<std::size_t>(to - kFirstClient)].client;
    note_answered({client.session().value, r->number.value}, r->position);
    return give_client(to, DirectClient::Answered{r->number});
  }
  give_client(to, DirectClient::Receive{p.id, std::get<ToClient>(item)});
}

void Schedule::give(Node n, const Input& input) {
  Process& p = processes_[static_cast<std::size_t>(n)];
  if (const auto* view = std::get_if<input::View>(&input)) p.known = view->record;
  p.replica->step(clock(p), input, p.out);
  if (!p.out.stop) return;
  if (p.out.stop->why != Output::Stop::Why::kExcluded) throw Failure("diverged: " + p.out.stop->reason);
  crash(n);  // excluded: it ends itself
}

void Schedule::give_client(Node c, const DirectClient::Input& input) {
  Direct& d = clients_[static_cast<std::size_t>(c - kFirstClient)];
  d.client->step(BootTime(now_), input, d.out);
}

// The process that a message to this replica goes to: the incarnation of the newest view that the sender knows,
// otherwise (a learner) the newest connection.
Schedule::Node Schedule::route(const Process& p, ReplicaId to) const {
  if (const Member* m = p.known.find(to)) return member(*m);
  const auto it = p.peers.find(to.value);
  return it == p.peers.end() ? -1 : it->second;
}

// The end of a turn, as the driver's contract in replica.h has it.
void Schedule::turn(Node n) {
  Process& p = processes_[static_cast<std::size_t>(n)];
  give(n, input::EndOfTurn{WallTime(now_ / 1000)});
  if (!p.alive) return;
  Output out;
  std::swap(out, p.out);
  for (const auto& persist : out.persist) p.disk.push_back(persist.ticket);
  if (sends_first()) send_to_peers(n, out);
  for (const Execution& e : out.execute) execute(p, n, e);
  for (const auto& g : out.give_state) give_state(n, g);
  if (!sends_first()) send_to_peers(n, out);
  for (const auto& s : out.send_client) send(n, static_cast<Node>(s.client.value & ~kDirectClientBit), s.message);
  for (const ViewRecord& record : out.installed) note_install(p, record);
  for (const auto& c : out.cut) throw Failure(fmt::format("{} cuts a connection: {}", text(n), c.reason));
  for (auto& a : out.ask) {
    ++stats_.asks;
    asks_.emplace_back(n, std::move(a));
  }
  for (std::uint64_t token : out.reads_refused) p.reads.erase(token);
  for (std::uint64_t token : out.reads_ready) {
    const Read read = p.reads.at(token);
    p.reads.erase(token);
    const bool lease = p.replica->read_lease(clock(p));
    ++(lease ? stats_.reads : stats_.reads_without_lease);
    if (lease && read.answered > 0 && answered_[read.answered - 1] > p.position)
      throw Failure(
          fmt::format("stale read at {}: update {} was answered before", text(n), answered_[read.answered - 1]));
  }
  if (!out.execute.empty()) give(n, input::Executed{Position(p.position), p.sessions.digest() ^ p.position});
}

void Schedule::send_to_peers(Node from, const Output& out) {
  const Process& p = processes_[static_cast<std::size_t>(from)];
  for (const auto& s : out.send)
    for (std::uint16_t j = 0; j < limits::kReplicasMax; ++j)
      if (s.to.has(ReplicaId(j)))
        if (const Node to = route(p, ReplicaId(j)); to >= 0) send(from, to, s.message);
}

void Schedule::note_install(Process& p, const ViewRecord& record) {
  ++stats_.installs;
  if (p.replica->snapshot().installed > record.number) ++stats_.catch_ups;
  for (Node c : p.clients) send(static_cast<Node>(&p - processes_.data()), c, ToClient(ViewIs{record}));
  if (p.replica->snapshot().installed != record.number) return;  // caught up: it has executed more since
  const auto [it, fresh] = installed_at_.emplace(record.number.value, p.position);
  if (!fresh && it->second > p.position)
    throw Failure(fmt::format("view {} installed at position {} and at {} (I6)", record.number.value, it->second,
                              p.position));
}

void Schedule::execute(Process& p, Node at, const Execution& e) {
  RequestReader reader(*e.frame->requests);
  while (reader.more()) {
    const RequestView request = reader.next();
    const std::uint64_t position = apply(p, request);
    if (e.answer) answer(at, e.frame->transmitter, {request.session.value, request.number.value}, position);
  }
}

// One request at one state machine: the state is how much of history_ it has seen. Returns the request's position.
std::uint64_t Schedule::apply(Process& p, const RequestView& request) {
  const Name name{request.session.value, request.number.value};
  const auto found = p.sessions.find(request.session, request.number, request.born);
  if (found.verdict == SessionTable::Verdict::kEvicted) throw Failure("a session was evicted");
  if (found.verdict == SessionTable::Verdict::kNoNumber) throw Failure("a client left the numbers");
  if (found.verdict == SessionTable::Verdict::kRepeat) {
    ++stats_.repeated;
    const std::uint64_t first = ByteReader(found.result).u64();
    if (place_.at(name) != first) throw Failure("a repeated request did not get its first result (I9)");
    return first;
  }
  if (p.position == history_.size()) {
    if (!place_.emplace(name, p.position + 1).second) throw Failure("a request took effect twice (I9)");
    history_.push_back(name);
    digest_ = fold(fold(digest_, name.session), name.number);
    ++stats_.executed;
  }
  if (history_[p.position] != name)
    throw Failure(fmt::format("executed sequences differ at {} (I2)", p.position + 1));
  ++p.position;
  Bytes result;
  ByteWriter(result).u64(p.position);
  if (rule_enabled(ProtocolRule::kExactlyOnce))
    p.sessions.remember(request.session, request.number, Position(p.position), result);
  return p.position;
}

void Schedule::answer(Node at, TransmitterId transmitter, Name name, std::uint64_t position) {
  if (is_direct_client(transmitter)) {
    send(at, static_cast<Node>(transmitter.value & ~kDirectClientBit),
         Result{RequestNumber(name.number), position});
    return;
  }
  for (Thin& thin : thin_)
    if (thin.session == name.session && thin.number == name.number) thin.waiting = false;
  note_answered(name, position);
}

void Schedule::note_answered(Name name, std::uint64_t position) {
  if (!answered_names_.insert(name).second) return;
  answered_.push_back(std::max(position, answered_.empty() ? 0 : answered_.back()));
}

void Schedule::give_state(Node donor, const Output::GiveState& give) {
  const Process& p = processes_[static_cast<std::size_t>(donor)];
  State state{give.view, true, p.position, give.learned, {}, p.sessions.oldest(), give.clock};
  p.sessions.write_since(give.learned, state.sessions);
  if (const Node to = route(p, give.to); to >= 0) send(donor, to, std::move(state));
}

void Schedule::take_state(Node n, State& state) {
  Process& p = processes_[static_cast<std::size_t>(n)];
  if (p.replica->snapshot().full || state.since.value > p.position) return;
  if (state.position >= p.position) {
    if (!p.sessions.read(state.sessions).ok()) throw Failure("state transfer is malformed");
    p.sessions.forget_before(state.oldest, {});
    p.position = state.position;
  } else if (state.final) {
    throw Failure("the donor of a flush has less than a learner");
  }
  give(n, input::Learned{Position(p.position)});
  if (state.final) give(n, input::StateInstalled{state.view, state.clock});
}

void Schedule::client_turn(Node c) {
  give_client(c, DirectClient::EndOfTurn{WallTime(now_ / 1000)});
  Direct& d = clients_[static_cast<std::size_t>(c - kFirstClient)];
  DirectClient::Output out;
  std::swap(out, d.out);
  for (auto& s : out.send) {
    if (!winding_down_ && random_.chance(.02)) return crash_client(c);  // in the middle of its broadcast
    const Member* m = d.client->view()->find(s.to);
    if (m == nullptr) continue;
    if (const Node to = member(*m); to >= 0) send(c, to, std::move(s.message));
  }
}

}  // namespace titer::smr::testing
