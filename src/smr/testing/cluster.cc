// SPDX-License-Identifier: Apache-2.0

#include "smr/testing/cluster.h"

#include <algorithm>

#include "smr/recovery.h"
#include "smr/request_batch.h"
#include "smr/rules.h"

namespace titer::smr::testing {

ViewRecord make_view(std::uint64_t number, const std::vector<std::uint16_t>& ids) {
  ViewRecord v{ViewNumber(number), {}, {}};
  for (auto i : ids) v.members.push_back({ReplicaId(i), Incarnation(100U + i), ""});
  return v;
}

FramePtr make_frame(std::uint64_t view, TransmitterId x, std::uint64_t seq, std::uint64_t ts,
                    const std::string& body, AckRow acks, bool rest) {
  auto f = std::make_shared<Frame>();
  f->view = ViewNumber(view);
  f->transmitter = x;
  f->seq = Seq(seq);
  f->ts = LamportTime(ts);
  f->rest = rest;
  f->acks = std::move(acks);
  if (!body.empty()) {
    Bytes batch;
    append_request(batch, {SessionId(x.value), RequestNumber(seq), as_bytes(body)});
    f->requests = std::make_shared<const Bytes>(std::move(batch));
    f->count = 1;
  }
  return f;
}

Cluster::Cluster(int t, bool durable, std::uint32_t frames_in_flight, const Limits& limits)
    : durable_(durable), frames_in_flight_(frames_in_flight), limits_(limits) {
  std::vector<std::uint16_t> ids;
  for (int i = 0; i < t; ++i) ids.push_back(static_cast<std::uint16_t>(i));
  for (int i = 0; i < t; ++i) spawn(i, make_view(0, ids));
}

void Cluster::spawn(int i, const ViewRecord& known) {
  const auto id = static_cast<std::uint16_t>(i);
  Node& n = nodes_[id];
  n = Node{};
  n.incarnation = Incarnation(100U + id);
  n.tables.installed = known;
  n.replica = std::make_unique<Replica>(options(i), known);
  connect(i);
}

Options Cluster::options(int i) {
  return {.me = ReplicaId(static_cast<std::uint16_t>(i)),
          .incarnation = (*this)[i].incarnation,
          .durable = durable_,
          .frames_in_flight = frames_in_flight_,
          .accept_wall = accept_wall,
          .confirm_reads = confirm_reads,
          .limits = limits_};
}

void Cluster::connect(int i) {
  for (auto& [j, other] : nodes_) {
    if (j == i || !other.alive) continue;
    give(i, input::LinkUp{ReplicaId(j), other.incarnation});
    give(j, input::LinkUp{ReplicaId(static_cast<std::uint16_t>(i)), (*this)[i].incarnation});
  }
}

void Cluster::sync(int i) {
  Node& n = (*this)[i];
  if (n.disk.empty()) return;
  n.persisted = n.disk.back().ticket;
  give(i, input::Persisted{n.persisted});
}

void Cluster::write_tables(int i) {
  Node& n = (*this)[i];
  n.tables = n.replica->checkpoint();
  n.tables_executed = n.executed.size();
}

void Cluster::restart(int i, std::uint64_t incarnation) {
  Node& n = (*this)[i];
  std::erase_if(n.disk, [&](const Output::Persist& p) { return p.ticket > n.persisted; });
  Recovery recovery(n.tables);
  n.executed.resize(n.tables_executed);
  for (const Output::Persist& p : n.disk) {
    if (const auto* frame = std::get_if<FramePtr>(&p.what)) {
      const Status taken = recovery.frame(*frame);
      SMR_CHECK(taken.ok(), taken.error().message.c_str());
      continue;
    }
    if (const auto* line = std::get_if<Voided>(&p.what)) {
      const Status taken = recovery.voided(*line);
      SMR_CHECK(taken.ok(), taken.error().message.c_str());
      continue;
    }
    const auto rest = recovery.installed(std::get<Installed>(p.what));
    SMR_CHECK(rest.ok(), rest.error().message.c_str());
    for (const FramePtr& frame : rest.value()) execute(n, {frame, false});
  }
  n.incarnation = Incarnation(incarnation);
  n.out.clear();
  n.replica = std::make_unique<Replica>(options(i), std::move(recovery).end().value());
  n.alive = true;
  connect(i);
}

void Cluster::give(int i, const Input& input) {
  if ((*this)[i].alive) (*this)[i].replica->step(clock(i), input, (*this)[i].out);
}

void Cluster::submit(int i, const std::string& body) {
  give(i,
       input::Submit{SessionId(static_cast<std::uint64_t>(i) + 1), RequestNumber(++numbers_[i]), as_bytes(body)});
}

void Cluster::turn(int i) {
  give(i, input::EndOfTurn{WallTime(now.value / 1000 + (*this)[i].wall_ahead_ms)});
  perform(i);
}

void Cluster::turns() {
  for (auto& [i, n] : nodes_)
    if (n.alive) turn(i);
}

void Cluster::view(int i, const ViewRecord& record) {
  ViewRecord told = record;
  for (const auto& [j, n] : nodes_)
    if (!n.alive) told.known_dead.push_back(n.incarnation);
  give(i, input::View{told});
  perform(i);
}

void Cluster::view(const ViewRecord& record) {
  for (const Member& m : record.members)
    if (nodes_.contains(m.id.value) && nodes_.at(m.id.value).alive) view(m.id.value, record);
}

void Cluster::perform(int i) {
  Node& n = (*this)[i];
  Output out;
  std::swap(out, n.out);
  if (!n.alive) return;
  n.disk.insert(n.disk.end(), out.persist.begin(), out.persist.end());
  for (const auto& e : out.execute) execute(n, e);
  const auto append = [](auto& to, const auto& from) { to.insert(to.end(), from.begin(), from.end()); };
  append(n.give_state, out.give_state);
  append(n.asks, out.ask);
  append(n.cuts, out.cut);
  append(n.to_clients, out.send_client);
  append(n.reads, out.reads_ready);
  append(n.refused, out.reads_refused);
  for (const auto& v : out.installed) n.installed.push_back(v.number);
  if (out.stop) n.stop = out.stop;
  if (out.wake_at) n.wake_at = out.wake_at;
  for (const auto& s : out.send)
    for (const auto& [j, other] : nodes_)
      if (s.to.has(ReplicaId(j)) && other.alive && !no_link[{i, j}]) way(i, j).push_back(s.message);
}

void Cluster::execute(Node& n, const Execution& execution) {
  RequestReader reader(*execution.frame->requests);
  while (reader.more()) {
    const std::string body(as_text(reader.next().body));
    n.executed.push_back(body);
    if (execution.answer) n.answered.push_back(body);
  }
}

bool Cluster::deliver(int i, int j) {
  auto& messages = way(i, j);
  if (messages.empty()) return false;
  const PeerMessage m = std::move(messages.front());
  messages.pop_front();
  give(j, input::Receive{ReplicaId(static_cast<std::uint16_t>(i)), (*this)[i].incarnation, m});
  perform(j);
  return true;
}

void Cluster::deliver_all(int i, int j) {
  while (deliver(i, j)) {
  }
}

void Cluster::settle() {
  for (bool moved = true; moved;) {
    moved = false;
    turns();
    for (auto& [ends, messages] : ways_)
      while (!messages.empty()) moved = deliver(ends.first, ends.second) || moved;
  }
}

void Cluster::pass(std::int64_t us) {
  for (const BootTime end(now.value + us); now < end;) {
    now = BootTime(std::min(end.value, now.value + limits::kHeartbeatEveryUs));
    for (auto& [i, n] : nodes_)
      if (n.alive) tick(i);
    settle();
  }
}

void Cluster::crash(int i) {
  (*this)[i].alive = false;
  for (auto& [ends, messages] : ways_)
    if (ends.second == i) messages.clear();
  for (auto& [j, n] : nodes_) {
    if (!n.alive) continue;
    give(j, input::LinkDown{ReplicaId(static_cast<std::uint16_t>(i)), (*this)[i].incarnation});
  }
}

void Cluster::cut(int i, int j) {
  for (const auto& [a, b] : {std::pair{i, j}, std::pair{j, i}}) {
    way(a, b).clear();
    no_link[{a, b}] = true;
    give(a, input::LinkDown{ReplicaId(static_cast<std::uint16_t>(b)), (*this)[b].incarnation});
  }
}

void Cluster::link(int i, int j) {
  for (const auto& [a, b] : {std::pair{i, j}, std::pair{j, i}}) {
    no_link[{a, b}] = false;
    give(a, input::LinkUp{ReplicaId(static_cast<std::uint16_t>(b)), (*this)[b].incarnation});
    perform(a);
  }
}

void Cluster::hand_state(int donor, int joiner) {
  Node& d = (*this)[donor];
  const Output::GiveState give_state = d.give_state.back();
  (*this)[joiner].executed = d.executed;
  give(joiner, input::Learned{Position(d.executed.size())});
  give(joiner, input::StateInstalled{give_state.view, give_state.clock});
  perform(joiner);
}

}  // namespace titer::smr::testing
