// SPDX-License-Identifier: Apache-2.0

#include "sim/sim_register.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "sim/sim_process.h"

namespace titer::sim {

namespace {

constexpr Time kPingEveryUs = 250'000;
constexpr Time kHungUs = 750'000;
constexpr Time kKillUs = 20'000;  // from a kill to the death, at most
constexpr double kSaveFails = .1;
constexpr Time kHeldBackUs = 100'000;  // after an input that had to wait

cluster::PingPatience patience_of(const Plan& plan) {
  cluster::PingPatience patience;
  if (!plan.fences) {
    patience.member = patience.all = patience.others = std::numeric_limits<unsigned>::max();
    return patience;
  }
  const Time hung = kHungUs + 4 * (plan.register_us + plan.delay_us);
  patience.member = static_cast<unsigned>(hung / kPingEveryUs);
  patience.all = 10 * patience.member;
  return patience;
}

cluster::RegisterState state_of(const Plan& plan, smr::ViewRecord first) {
  return {1, static_cast<std::uint16_t>(plan.replicas), plan.durable, true, std::move(first), {}};
}

}  // namespace

SimRegister::SimRegister(Scene& scene, smr::ViewRecord first)
    : scene_(scene),
      node_(scene.network.attach(*this, kRegisterHost)),
      policy_({static_cast<std::uint16_t>(scene.plan.replicas),
               scene.plan.durable,
               false,
               {},
               patience_of(scene.plan),
               scene.plan.known_dead},
              state_of(scene.plan, first)),
      record_(std::move(first)) {
  scene_.network.listen(kRegisterPort, node_);
  scene_.ledger.published(record_);
  Event event{Event::Kind::kBorn};
  event.who = node_;
  event.text = "register";
  scene_.tell(event);
  for (const smr::Member& member : record_.members) {
    policy_.started(member, true);
    if (scene_.plan.durable) policy_.inventory(member.id.value, {});
  }
  policy_.bootstrapped();
  perform();
  scene_.time.at(kPingEveryUs, *this, kPing);
}

// --- what arrives, in its own time

void SimRegister::on_received(ConnectionId connection, Bytes bytes) {
  enqueue({connection, false, std::move(bytes)});
}
void SimRegister::on_closed(ConnectionId connection) { enqueue({connection, true, {}}); }

void SimRegister::enqueue(Item item) {
  inbox_.push_back(std::move(item));
  ready_at_ = std::max(ready_at_, scene_.time.now() + scene_.random.between(10, scene_.plan.register_us));
  scene_.time.at(ready_at_, *this, kWork);
}

void SimRegister::on_event(std::uint32_t what, std::uint64_t argument) {
  if (what == kWork) return work();
  if (what == kPing) return tick();
  const Incarnation gone(argument);
  if (what == kEnd) scene_.find(gone)->end("killed by the register");
  if (is_away()) return scene_.time.at(away_until_, *this, kDeath, argument);
  if (!scene_.find(gone)->alive()) certain_.insert(gone);
  const ReplicaId id = scene_.find(gone)->id();
  if (!current(id, gone)) return;
  const Deaths deaths{{id.value, "died"}};
  if (!give([&](Policy& policy) { policy.died(now(), deaths); }))
    scene_.time.at(scene_.time.now() + kHeldBackUs, *this, kDeath, argument);
}

void SimRegister::work() {
  if (inbox_.empty()) return;
  if (is_away()) return scene_.time.at(away_until_, *this, kWork);
  Item item = std::move(inbox_.front());
  inbox_.pop_front();
  take(item);
}

SimRegister::Link* SimRegister::find(ConnectionId connection) {
  for (Link& link : links_)
    if (link.connection == connection) return &link;
  return nullptr;
}

void SimRegister::take(Item& item) {
  if (item.closed) {
    std::erase_if(links_, [&](const Link& link) { return link.connection == item.connection; });
    return;
  }
  ByteView rest = item.bytes;
  while (!rest.empty()) {
    const auto message = wire::next_message(rest);
    if (!message || !*message) return scene_.fail("wire", "the register cannot read what was sent");
    take_message(item.connection, **message);
  }
}

void SimRegister::take_message(ConnectionId connection, const wire::Message& message) {
  if (message.type == wire::Type::kHello) {
    const auto hello = wire::decode_hello(message.payload);
    if (!hello) return scene_.fail("wire", hello.error().message);
    return greeted(connection, *hello);
  }
  Link* link = find(connection);
  if (link == nullptr) return;  // it was cut meanwhile
  if (message.type == wire::Type::kPong) {
    const auto pong = wire::decode_pong(message.payload);
    if (!pong) return scene_.fail("wire", pong.error().message);
    if (current(link->id, link->incarnation))
      (void)give([&](Policy& policy) { policy.pong(link->id.value, *pong); });
    return;
  }
  if (message.type == wire::Type::kReady) return ready(Link(*link));
  if (message.type == wire::Type::kInventory) {
    auto inventory = wire::decode_inventory(message.payload);
    if (!inventory) return scene_.fail("wire", inventory.error().message);
    link->inventory = std::move(inventory).value();
    return adopt();
  }
  const auto ask = wire::decode_compare_and_set(message.payload);
  if (!ask) return scene_.fail("wire", ask.error().message);
  compare_and_set(Link(*link), *ask);
}

void SimRegister::greeted(ConnectionId connection, const wire::Hello& hello) {
  links_.push_back({connection, hello.replica, hello.incarnation, {}});
  if (excluded(hello.incarnation)) return send(links_.back());
  if (!current(hello.replica, hello.incarnation)) return adopt();
  policy_.connected(hello.replica.value);
  perform();
}

void SimRegister::ready(const Link& learner) {
  if (!current(learner.id, learner.incarnation)) return;
  (void)give([&](Policy& policy) {
    if (scene_.plan.hasty) be_hasty(policy);
    policy.ready(learner.id.value);
  });
}

// It does not wait until the members have installed the newest view.
void SimRegister::be_hasty(Policy& policy) const {
  for (const smr::Member& member : record_.members) {
    if (!current(member.id, member.incarnation) || !policy.has_ponged(member.id.value)) continue;
    wire::Pong pong = policy.last_pong(member.id.value);
    pong.installed = record_.number;
    policy.pong(member.id.value, pong);
  }
}

void SimRegister::compare_and_set(const Link& asker, const wire::CompareAndSet& ask) {
  if (excluded(asker.incarnation)) return send(asker);
  if (!current(asker.id, asker.incarnation)) return;
  for (const Incarnation dead : ask.dead) {
    const SimProcess* process = scene_.find(dead);
    if (process == nullptr || process->alive())
      return scene_.fail("death notices", "a process is called dead that lives, or never was");
    certain_.insert(dead);
  }
  if (ask.expected == record_.number && !scene_.winding_down && scene_.random.chance(scene_.plan.loses_answer)) {
    scene_.hit(CoverageMark::kRegisterAnswerLost);
    scene_.network.cut(asker.connection);
    std::erase_if(links_, [&](const Link& link) { return link.connection == asker.connection; });
  }
  const SimProcess& process = *scene_.find(asker.incarnation);
  if (!ask.without.empty() && process.alive() && !process.claims_state())
    return scene_.fail("askers", "a replica without the state asks for a view without others");
  asker_ = process.node();
  (void)give([&](Policy& policy) { policy.compare_and_set(asker.id.value, ask); });
  asker_ = kNoNode;
}

// --- processes

void SimRegister::adopt() {
  if (is_away()) return;
  for (std::uint16_t i = 0; i < scene_.plan.replicas; ++i) {
    const SimProcess* process = scene_.holder(ReplicaId(i));
    if (process == nullptr || policy_.incarnation(i) == process->incarnation()) continue;
    const Deaths before{{i, "died"}};
    if (policy_.has_process(i) && !give([&](Policy& policy) { policy.died(now(), before); })) continue;
    policy_.started({process->id(), process->incarnation(), "r" + std::to_string(i)}, false);
    if (std::ranges::count(links_, process->incarnation(), &Link::incarnation) > 0) policy_.connected(i);
  }
  perform();
  give_inventories();
}

void SimRegister::give_inventories() {
  for (Link& link : links_) {
    if (!link.inventory || !current(link.id, link.incarnation)) continue;
    if (give([&](Policy& policy) { policy.inventory(link.id.value, *link.inventory); })) link.inventory.reset();
  }
}

bool SimRegister::told_to_learn(const SimProcess& process) const {
  return process.starting() && current(process.id(), process.incarnation()) && policy_.told(process.id().value) &&
         !record_.has(process.id(), process.incarnation());
}

bool SimRegister::current(ReplicaId id, Incarnation incarnation) const {
  return policy_.has_process(id.value) && policy_.incarnation(id.value) == incarnation;
}

void SimRegister::exclude(SimProcess& process, Time unheard_for) {
  if (is_away() || !record_.has(process.id(), process.incarnation())) return;
  if (!current(process.id(), process.incarnation())) return;
  if (unheard_for > 0) unheard_[process.incarnation()] = scene_.time.now() + unheard_for;
  (void)give([&](Policy& policy) { (void)policy.kill(process.id().value); });
}

// --- what the policy is given

template <typename Input>
bool SimRegister::give(const Input& input) {
  if (!leaves_somebody(input)) {
    const auto behind_deaths = [&, deaths = unseen_deaths()](Policy& policy) {
      policy.died(now(), deaths);
      input(policy);
    };
    if (!leaves_somebody(behind_deaths)) {
      if (!some_disk_went_back()) scene_.fail("holders", "the supervisor leaves no living member with the state");
      return false;
    }
    behind_deaths(policy_);
  } else {
    input(policy_);
  }
  perform();
  return true;
}

// Tried out on a copy.
template <typename Input>
bool SimRegister::leaves_somebody(const Input& input) const {
  Policy trial = policy_;
  std::set<Incarnation> victims;
  Deaths deaths;
  input(trial);
  for (;;) {
    while (const auto action = trial.next()) {
      if (std::holds_alternative<cluster::Save>(*action)) trial.saved(ok_status());
      if (const auto* kill = std::get_if<cluster::Kill>(&*action)) {
        victims.insert(trial.incarnation(kill->replica));
        deaths.push_back({kill->replica, "killed"});
      }
    }
    if (deaths.empty()) break;
    trial.died(now(), std::exchange(deaths, {}));
  }
  const smr::ViewRecord& before = policy_.record();
  const bool same = trial.record().number == before.number;
  if (same && victims.empty()) return true;
  const auto remains = [&](const smr::Member& member) {
    return !victims.contains(member.incarnation) && holds_state(member);
  };
  return std::ranges::any_of(trial.record().members, remains) || (same && !some_hold_state(before));
}

// In truth. A member that starts is one of a restart.
bool SimRegister::holds_state(const smr::Member& member) const {
  const SimProcess* process = scene_.find(member.incarnation);
  return process != nullptr && process->alive() && !dying(member.incarnation) &&
         (process->has_durable_state() || (process->starting() && !process->disk()->gone_back()));
}

bool SimRegister::some_hold_state(const smr::ViewRecord& record) const {
  return std::ranges::any_of(record.members, [&](const smr::Member& one) { return holds_state(one); });
}

// Nobody can tell that of a process alone.
bool SimRegister::some_disk_went_back() const {
  return std::ranges::any_of(scene_.processes, [](const auto& process) {
    return process->alive() && process->disk() != nullptr && process->disk()->gone_back();
  });
}

SimRegister::Deaths SimRegister::unseen_deaths() const {
  Deaths deaths;
  for (std::uint16_t i = 0; i < scene_.plan.replicas; ++i)
    if (policy_.has_process(i) && !scene_.find(policy_.incarnation(i))->alive()) deaths.push_back({i, "died"});
  return deaths;
}

void SimRegister::tick() {
  scene_.time.at(scene_.time.now() + kPingEveryUs, *this, kPing);
  if (is_away()) return;
  adopt();
  std::erase_if(unheard_, [&](const auto& one) { return one.second <= scene_.time.now() || scene_.winding_down; });
  for (const Link& link : links_)
    if (excluded(link.incarnation)) send(link);
  // The restart of those that are left does not wait for a death that nobody reports.
  if (const Deaths deaths = unseen_deaths(); !deaths.empty() && !some_hold_state(policy_.record()))
    (void)give([&](Policy& policy) { policy.died(now(), deaths); });
  (void)give([&](Policy& policy) { policy.tick(now()); });
  Bytes bytes;
  wire::encode_ping(bytes, ++pings_);
  for (const Link& link : links_) scene_.network.send(link.connection, node_, Bytes(bytes));
}

void SimRegister::died(Incarnation incarnation) {
  if (!scene_.plan.sees_deaths) return;
  scene_.time.at(scene_.time.now() + scene_.random.between(100, 20'000), *this, kDeath, incarnation.value);
}

// --- what the policy wants done

void SimRegister::perform() {
  while (const auto action = policy_.next()) std::visit([this](const auto& one) { perform(one); }, *action);
}

void SimRegister::perform(const cluster::Save&) {
  const bool troubled = scene_.plan.mean(Fault::kRegisterAway) > 0 && !scene_.winding_down;
  if (troubled && scene_.random.chance(kSaveFails))
    return policy_.saved(Error{Code::kInternal, "no space left on the register's disk"});
  smr::ViewRecord next = policy_.record();
  if (next.number != record_.number) {
    std::erase_if(next.known_dead, [&](Incarnation one) { return !certain_.contains(one); });
    note_change(next);
    record_ = std::move(next);
    if (certain_.size() > scene_.plan.known_dead) scene_.hit(CoverageMark::kDeathForgotten);
    scene_.ledger.published(record_);
    Event event{Event::Kind::kProposed};
    event.who = asker_;
    event.record = &record_;
    scene_.tell(event);
  }
  policy_.saved(ok_status());
  for (const Link& link : links_)
    if (excluded(link.incarnation)) send(link);
}

void SimRegister::perform(const cluster::Tell& tell) {
  if (tell.record.number > record_.number)
    return scene_.fail("records (I4)", "a replica hears of a record before it is on disk");
  for (const Link& link : links_)
    if (link.id.value == tell.replica && current(link.id, link.incarnation)) send(link);
}

void SimRegister::perform(const cluster::Kill& kill) {
  SimProcess* process = scene_.find(policy_.incarnation(kill.replica));
  const Time dead_at = scene_.time.now() + scene_.random.between(1, kKillUs);
  const bool nobody = !some_hold_state(policy_.record());
  if (process->alive() && nobody) scene_.hit(CoverageMark::kMemberNeverFull);
  const bool lives_on = process->alive() && !scene_.plan.fences && !nobody;
  if (lives_on) scene_.hit(CoverageMark::kExcludedAlive);
  dying_.insert(process->incarnation());
  scene_.time.at(dead_at, *this, lives_on ? kDeath : kEnd, process->incarnation().value);
}

void SimRegister::send(const Link& link) {
  if (excluded(link.incarnation) && unheard_.contains(link.incarnation))
    return scene_.hit(CoverageMark::kExcludedUnheard);
  Bytes bytes;
  wire::encode(bytes, record_);
  scene_.network.send(link.connection, node_, std::move(bytes));
}

// --- what a change is

void SimRegister::note_change(const smr::ViewRecord& next) {
  std::size_t stay = 0;
  for (const smr::Member& member : record_.members) {
    if (next.has(member.id, member.incarnation)) {
      ++stay;
      continue;
    }
    excluded_.insert(member.incarnation);
    if (!scene_.find(member.incarnation)->full()) scene_.hit(CoverageMark::kLearnerExcluded);
  }
  if (stay == 0) return note_restart(next);
  if (next.members == record_.members) scene_.hit(CoverageMark::kSameMembersView);
  if (next.members.size() > record_.members.size() + 1) scene_.hit(CoverageMark::kSeveralJoin);
}

void SimRegister::note_restart(const smr::ViewRecord& next) {
  for (const smr::Member& before : record_.members) {
    const wire::Inventory& left = scene_.disks[before.id.value]->left();
    const auto& lives = left.lives;
    if (!left.whole || std::ranges::count(lives, before.incarnation) == 0) continue;
    if (next.find(before.id) == nullptr) scene_.hit(CoverageMark::kRestartLower);
    if (lives.end() - std::ranges::find(lives, before.incarnation) > 2) scene_.hit(CoverageMark::kRestartOldLife);
  }
  if (std::ranges::any_of(scene_.processes,
                          [&](const auto& p) { return p->alive() && excluded(p->incarnation()); }))
    scene_.hit(CoverageMark::kRestartBesideExcluded);
  scene_.hit(next.members.size() < record_.members.size() ? CoverageMark::kRestartSubset
                                                          : CoverageMark::kRestartAll);
}

}  // namespace titer::sim
