// SPDX-License-Identifier: Apache-2.0

#include "smr/testing/schedule.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>

#include "base/limits.h"
#include "base/number.h"

namespace titer::smr::testing {

Stats& Stats::operator+=(const Stats& o) {
  executed += o.executed, repeated += o.repeated, views += o.views, installs += o.installs, crashes += o.crashes;
  client_crashes += o.client_crashes, exclusions += o.exclusions, joins += o.joins, cuts += o.cuts;
  reads += o.reads, reads_without_lease += o.reads_without_lease, asks += o.asks, catch_ups += o.catch_ups;
  steps += o.steps;
  return *this;
}

std::string Stats::text() const {
  return fmt::format(
      "{} steps: {} executed, {} repeated, {} views, {} installs ({} caught up), {} crashes, {} client crashes, {} "
      "excluded alive, {} joins, {} cuts, {} reads (+{} without lease), {} asks",
      steps, executed, repeated, views, installs, catch_ups, crashes, client_crashes, exclusions, joins, cuts,
      reads, reads_without_lease, asks);
}

Schedule::Schedule(std::uint64_t seed) : seed_(seed), random_(seed * 0x2545F4914F6CDD1DULL + 1) {
  t_ = 1 + static_cast<int>(seed % 5);
  steps_ = 600 + static_cast<int>(random_.below(5)) * 300;
  durable_ = random_.chance(.3);
  cut_rate_ = random_.chance(.5) ? 0 : .01;
  crash_rate_ = random_.chance(.2) ? 0 : .006;
  exclude_rate_ = random_.chance(.6) ? 0 : .004;
  client_rate_ = random_.chance(.2) ? 0 : .2;
  frames_in_flight_ = random_.chance(.5) ? 64 : 1 + static_cast<std::uint32_t>(random_.below(3));
  Random lives(seed ^ 0x5ca1ab1e);  // of its own: all else in a seed is as it was
  if (lives.chance(.2)) limits_.frame_requests = 1 + lives.below(3);
  if (lives.chance(.2)) limits_.pending_bytes = 200;
  if (lives.chance(.2)) limits_.direct_clients = limits_.settled_clients = 2;
  if (lives.chance(.1)) clock_ = LamportTime(limits::kCounterMax - (std::uint64_t{1} << 20));
  for (int i = 0; i < t_; ++i)
    record_.members.push_back(
        {ReplicaId(static_cast<std::uint16_t>(i)), Incarnation(100U + static_cast<unsigned>(i)), ""});
  for (const Member& m : record_.members) {
    Process& p = processes_.emplace_back();
    p.id = m.id;
    p.incarnation = m.incarnation;
    p.known = record_;
    p.clock_offset = static_cast<std::int64_t>(random_.below(1'000'000));
    p.replica = std::make_unique<Replica>(options(p), record_);
  }
  for (Node a = 0; a < t_; ++a)
    for (Node b = a + 1; b < t_; ++b) connect(a, b);
  for (unsigned i = 0; i < 4; ++i) thin_.push_back({1 + i});
}

Schedule::~Schedule() = default;

Options Schedule::options(const Process& p) const {
  return {.me = p.id,
          .incarnation = p.incarnation,
          .durable = durable_,
          .frames_in_flight = frames_in_flight_,
          .limits = limits_,
          .clock = clock_};
}

std::string Schedule::plan() const {
  return fmt::format(
      "seed {}: t {} steps {} durable {} cut {} crash {} exclude {} clients {} in flight {}, frames of {}, {} "
      "bytes wait, {} direct clients",
      seed_, t_, steps_, durable_, cut_rate_, crash_rate_, exclude_rate_, client_rate_, frames_in_flight_,
      limits_.frame_requests, limits_.pending_bytes, limits_.direct_clients);
}

std::vector<Schedule::Node> Schedule::living() const {
  std::vector<Node> out;
  for (Node i = 0; i < static_cast<Node>(processes_.size()); ++i)
    if (processes_[static_cast<std::size_t>(i)].alive) out.push_back(i);
  return out;
}

Schedule::Node Schedule::member(const Member& m) const {
  for (Node i = 0; i < static_cast<Node>(processes_.size()); ++i) {
    const Process& p = processes_[static_cast<std::size_t>(i)];
    if (p.id == m.id && p.incarnation == m.incarnation) return i;
  }
  return -1;
}

// Members of the register's view that have the whole state.
std::vector<Schedule::Node> Schedule::full() const {
  std::vector<Node> out;
  for (const Member& m : record_.members)
    if (const Node i = member(m); alive(i) && processes_[static_cast<std::size_t>(i)].replica->snapshot().full)
      out.push_back(i);
  return out;
}

// t-1 failures are survived, not t: somebody with the whole state stays in the view.
bool Schedule::may_lose(Node n) const {
  const std::vector<Node> f = full();
  return f.size() > 1 || (f.size() == 1 && f.front() != n);
}

void Schedule::crash(Node n) {
  Process& p = processes_[static_cast<std::size_t>(n)];
  if (!p.alive) return;
  p.alive = false;
  ++stats_.crashes;
  for (Thin& thin : thin_)
    if (thin.at == n) thin.at = -1;
  for (auto& [ends, w] : wires_) {
    if (ends.first != n && ends.second != n) continue;
    const int side = ends.first == n ? 0 : 1;
    w.way[1 - side].clear();
    if (!w.up) continue;
    w.up = false;
    drop_tail(w.way[side]);
    w.way[side].emplace_back(Down{});
  }
}

void Schedule::crash_client(Node n) {
  Direct& d = clients_[static_cast<std::size_t>(n - kFirstClient)];
  d.alive = false;
  ++stats_.client_crashes;
  for (auto& [ends, w] : wires_) {
    if (ends.second != n) continue;  // a client is the upper end
    w.way[0].clear();
    if (!w.up) continue;
    w.up = false;
    drop_tail(w.way[1]);
    w.way[1].emplace_back(Down{});
  }
}

// A new process: a learner, until a view has it.
void Schedule::spawn() {
  std::uint16_t id = 0;
  const auto taken = [&](std::uint16_t i) {
    if (record_.find(ReplicaId(i)) != nullptr) return true;
    return std::ranges::any_of(living(), [&](Node n) {
      const Process& p = processes_[static_cast<std::size_t>(n)];
      return p.id.value == i && !p.replica->snapshot().full;
    });
  };
  while (taken(id)) ++id;
  if (id >= t_) return;
  const auto node = static_cast<Node>(processes_.size());
  Process& p = processes_.emplace_back();
  p.id = ReplicaId(id);
  p.incarnation = Incarnation(100U + static_cast<unsigned>(node));
  p.known = record_;
  p.clock_offset = static_cast<std::int64_t>(random_.below(1'000'000));
  p.replica = std::make_unique<Replica>(options(p), record_);
  for (Node n : living())
    if (n != node) connect(n, node);
  for (Node c = 0; c < static_cast<Node>(clients_.size()); ++c) connect(node, kFirstClient + c);
}

void Schedule::new_view(const std::vector<Member>& members) {
  ViewRecord next;
  next.number = record_.number.next();
  next.members = members;
  std::ranges::sort(next.members, {}, &Member::id);
  for (const Process& p : processes_)
    if (!p.alive && random_.chance(.7)) next.known_dead.push_back(p.incarnation);
  record_ = next;
  ++stats_.views;
  for (Node n : living()) processes_[static_cast<std::size_t>(n)].feed.push_back(record_);
}

// The register changes: the dead go, learners come, and now and then somebody living is excluded.
void Schedule::register_event() {
  std::vector<Member> stay;
  bool change = false;
  for (const Member& m : record_.members) {
    const Node n = member(m);
    const bool wrongly = alive(n) && !winding_down_ && random_.chance(exclude_rate_ * 5) && may_lose(n);
    if (wrongly) ++stats_.exclusions;
    if (alive(n) && !wrongly) stay.push_back(m);
    change = change || !alive(n) || wrongly;
  }
  const bool some_full = std::ranges::any_of(stay, [&](const Member& m) {
    return processes_[static_cast<std::size_t>(member(m))].replica->snapshot().full;
  });
  if (!some_full) return;
  for (Node n : living()) {
    const Process& p = processes_[static_cast<std::size_t>(n)];
    const bool learner = !p.replica->snapshot().full && !record_.has(p.id, p.incarnation) && p.feed.empty();
    const bool free = std::ranges::none_of(stay, [&](const Member& m) { return m.id == p.id; });
    if (!learner || !free || winding_down_ || !random_.chance(.5)) continue;
    stay.push_back({p.id, p.incarnation, ""});
    ++stats_.joins;
    change = true;
  }
  if (change || random_.chance(.02)) new_view(stay);
}

// What replicas asked for: refused when it is late, or would take the last one with the state.
void Schedule::honor_asks() {
  std::vector<std::pair<Node, Output::AskRegister>> asks;
  std::swap(asks, asks_);
  for (const auto& asked : asks) {
    const Node by = asked.first;
    const Output::AskRegister& ask = asked.second;
    if (ask.expected != record_.number || !alive(by)) continue;
    const bool of_the_dead = std::ranges::any_of(
        record_.members, [&](const Member& m) { return ask.without.has(m.id) && !alive(member(m)); });
    if (peace_ && !of_the_dead) {
      std::string all;
      for (const Member& m : record_.members) all += "\n  " + text(member(m));
      throw Failure(fmt::format("nothing fails, but replica {} asks: {}{}",
                                processes_[static_cast<std::size_t>(by)].id.value, ask.reason, all));
    }
    std::vector<Member> stay;
    bool some_full = false;
    for (const Member& m : record_.members) {
      const Node n = member(m);
      if (ask.without.has(m.id) && (!alive(n) || !winding_down_)) continue;
      stay.push_back(m);
      some_full = some_full || (alive(n) && processes_[static_cast<std::size_t>(n)].replica->snapshot().full);
    }
    if (some_full) new_view(stay);
  }
}

void Schedule::submit(Thin& thin, bool elsewhere) {
  const std::vector<Node> nodes = living();
  const Node n = nodes[random_.below(nodes.size())];
  Process& p = processes_[static_cast<std::size_t>(n)];
  if (!p.replica->accepts(8) || (thin.waiting && !elsewhere)) return;
  if (!thin.waiting) ++thin.number;
  thin.waiting = true;
  thin.at = n;
  give(n, input::Submit{SessionId(thin.session), RequestNumber(thin.number), as_bytes("request!")});
}

void Schedule::client_event() {
  if (clients_.size() < 3 && random_.chance(.1)) {
    const auto c = static_cast<Node>(kFirstClient + static_cast<Node>(clients_.size()));
    Direct& d = clients_.emplace_back();
    d.client = std::make_unique<DirectClient>(TransmitterId(kDirectClientBit | static_cast<std::uint64_t>(c)),
                                              SessionId(static_cast<std::uint64_t>(c)));
    for (Node n : living()) connect(n, c);
  }
  std::vector<Node> live;
  for (Node c = 0; c < static_cast<Node>(clients_.size()); ++c)
    if (alive(kFirstClient + c)) live.push_back(kFirstClient + c);
  if (live.empty()) return;
  const Node c = live[random_.below(live.size())];
  if (random_.chance(.5)) give_client(c, DirectClient::Submit{as_bytes("direct")});
  client_turn(live[random_.below(live.size())]);
  if (random_.chance(.01)) {
    const Node victim = live[random_.below(live.size())];
    if (alive(victim)) crash_client(victim);
  }
}

void Schedule::event() {
  now_ += static_cast<std::int64_t>(random_.below(random_.chance(.02) ? 40'000 : 1'500));
  ++stats_.steps;
  const std::vector<Node> nodes = living();
  const Node n = nodes[random_.below(nodes.size())];
  Process& p = processes_[static_cast<std::size_t>(n)];
  if (random_.chance(client_rate_)) return client_event();
  if (random_.chance(.03)) give(n, input::Tick{});
  if (random_.chance(cut_rate_)) {
    auto it = wires_.begin();
    std::advance(it, static_cast<std::ptrdiff_t>(random_.below(wires_.size() + 1)));
    if (it != wires_.end() && (it->first.second < kFirstClient || random_.chance(.3)))
      it->second.up ? cut(it->first.first, it->first.second) : connect(it->first.first, it->first.second);
  }
  const auto dice = static_cast<double>(random_.below(1000)) / 1000;
  if (dice < .14) {
    Thin& thin =
        thin_[random_.below(thin_.size())];  // no two draws in one call: compilers order arguments differently
    submit(thin, random_.chance(.1));
  } else if (dice < .19) {
    p.reads[next_token_] = {answered_.size(), n};
    give(n, input::Read{next_token_++});
  } else if (dice < .19 + crash_rate_) {
    if (may_lose(n)) crash(n);
  } else if (dice < .21) {
    if (random_.chance(.3)) honor_asks();
    register_event();
    if (random_.chance(.3)) spawn();
  } else if (dice < .28) {
    if (!p.feed.empty()) {
      if (random_.chance(.3)) p.feed.erase(p.feed.begin(), p.feed.end() - 1);
      const ViewRecord record = p.feed.front();
      p.feed.pop_front();
      give(n, input::View{record});
    }
  } else if (dice < .30) {
    const std::vector<Node> donors = full();
    if (!p.replica->snapshot().full && !donors.empty()) {
      const Process& d = processes_[static_cast<std::size_t>(donors.front())];
      State state{{}, false, d.position, Position(0), {}, d.sessions.oldest(), {}};
      d.sessions.write_since(Position(0), state.sessions);
      send(donors.front(), n, std::move(state));
    }
  } else if (dice < .32) {
    if (!p.disk.empty()) {
      const auto upto = static_cast<std::ptrdiff_t>(random_.below(p.disk.size()));
      const std::uint64_t ticket = p.disk[static_cast<std::size_t>(upto)];
      p.disk.erase(p.disk.begin(), p.disk.begin() + upto + 1);
      give(n, input::Persisted{ticket});
    }
  } else if (dice < .55) {
    turn(n);
  } else {
    std::vector<std::pair<Wire*, std::pair<Node, Node>>> ready;
    for (auto& [ends, w] : wires_) {
      if (!w.way[0].empty()) ready.push_back({&w, {ends.first, ends.second}});
      if (!w.way[1].empty()) ready.push_back({&w, {ends.second, ends.first}});
    }
    if (ready.empty()) return;
    const auto& [w, way] = ready[random_.below(ready.size())];
    const std::size_t burst =
        std::min<std::size_t>(1 + random_.below(4), w->way[way.first < way.second ? 0 : 1].size());
    for (std::size_t i = 0; i < burst && !w->way[way.first < way.second ? 0 : 1].empty(); ++i)
      deliver(*w, way.first, way.second);
  }
}

// Nothing new fails any more: everything must come to rest.
void Schedule::quiet() {
  winding_down_ = true;
  for (int round = 0; round < 2'500; ++round) {
    now_ += 4'000;
    for (auto& [ends, w] : wires_) connect(ends.first, ends.second);
    peace_ = round > 100;
    honor_asks();
    const bool dead = std::ranges::any_of(record_.members, [&](const Member& m) { return !alive(member(m)); });
    if (dead) register_event();
    for (Thin& thin : thin_)
      if (thin.waiting && (thin.at < 0 || round % 50 == 49)) submit(thin, true);
    for (Node c = 0; c < static_cast<Node>(clients_.size()); ++c)
      if (alive(kFirstClient + c)) client_turn(kFirstClient + c);
    for (Node n : living()) {
      Process& p = processes_[static_cast<std::size_t>(n)];
      while (!p.feed.empty() && p.alive) {
        const ViewRecord record = p.feed.front();
        p.feed.pop_front();
        give(n, input::View{record});
      }
      if (p.alive && round % 5 == 0) give(n, input::Tick{});
      if (p.alive && !p.disk.empty()) {
        give(n, input::Persisted{p.disk.back()});
        p.disk.clear();
      }
      if (p.alive) turn(n);
    }
    for (auto& [ends, w] : wires_)
      for (int side = 0; side < 2; ++side)
        while (!w.way[side].empty())
          deliver(w, side == 0 ? ends.first : ends.second, side == 0 ? ends.second : ends.first);
    if (round % 25 == 24 || round > 2'400) {
      try {
        rest_check();
        return;
      } catch (const Failure&) {
        if (round == 2'499) throw;
      }
    }
  }
}

void Schedule::rest_check() {
  for (const Member& m : record_.members) {
    const Node n = member(m);
    const Process& p = processes_[static_cast<std::size_t>(n)];
    const Snapshot s = p.replica->snapshot();
    if (!p.alive) throw Failure("a dead member stays in the view");
    if (!s.full || s.installed != record_.number) throw Failure(text(n) + " has not installed the newest view");
    if (p.position != history_.size()) throw Failure(text(n) + " has not executed everything");
    if (s.pending_requests > 0 || !p.reads.empty()) throw Failure(text(n) + " is stuck");
  }
  for (const Thin& thin : thin_)
    if (thin.waiting) throw Failure(fmt::format("thin client {} is not answered", thin.session));
  for (const Direct& d : clients_)
    if (d.alive && d.client->unanswered() > 0)
      throw Failure(
          fmt::format("direct client {} waits for {} answers", d.client->session().value, d.client->unanswered()));
  for (const Name& name : answered_names_)
    if (!place_.contains(name)) throw Failure("an answered update is lost");
}

void Schedule::run() {
  for (int i = 0; i < steps_; ++i) event();
  quiet();
}

namespace {
std::uint64_t from_environment(const char* name, std::uint64_t otherwise) {
  const char* text = std::getenv(name);
  return text == nullptr ? otherwise : parse_number<std::uint64_t>(text).value_or(otherwise);
}
}  // namespace

std::uint64_t seeds(std::uint64_t by_default) { return from_environment("TITER_SEEDS", by_default); }
std::uint64_t first_seed() { return from_environment("TITER_FIRST_SEED", 0); }

}  // namespace titer::smr::testing
