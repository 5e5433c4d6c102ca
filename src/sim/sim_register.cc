// SPDX-License-Identifier: Apache-2.0

#include "sim/sim_register.h"

#include <algorithm>
#include <utility>

#include "sim/sim_process.h"
#include "view/record.h"

namespace titer::sim {

namespace {
constexpr Time kPingEveryUs = 250'000;
constexpr Time kHungUs = 750'000;
}  // namespace

SimRegister::SimRegister(Scene& scene, smr::ViewRecord first)
    : scene_(scene), node_(scene.network.attach(*this, kRegisterHost)), record_(std::move(first)) {
  scene_.network.listen(kRegisterPort, node_);
  scene_.ledger.published(record_);
  Event event{Event::Kind::kBorn};
  event.who = node_;
  event.text = "register";
  scene_.tell(event);
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
  if (what == kPing) return ping();
  const Incarnation gone(argument);
  if (scene_.time.now() < away_until_) return scene_.time.at(away_until_, *this, kDeath, argument);
  dead_.push_back(gone);
  for (const smr::Member& member : record_.members) {
    if (member.incarnation != gone) continue;
    smr::ReplicaSet leaving;
    leaving.add(member.id);
    (void)change(leaving, kNoNode);
    return;
  }
}

void SimRegister::work() {
  if (inbox_.empty()) return;
  if (scene_.time.now() < away_until_) return scene_.time.at(away_until_, *this, kWork);
  Item item = std::move(inbox_.front());
  inbox_.pop_front();
  take(item);
}

SimRegister::Slot* SimRegister::find(ConnectionId connection) {
  for (Slot& slot : slots_)
    if (slot.connection == connection) return &slot;
  return nullptr;
}

void SimRegister::take(Item& item) {
  if (item.closed) {
    std::erase_if(slots_, [&](const Slot& slot) { return slot.connection == item.connection; });
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
    Slot& slot = slots_.emplace_back();
    slot.connection = connection;
    slot.id = hello->replica;
    slot.incarnation = hello->incarnation;
    slot.heard = scene_.time.now();
    return may_hear(slot) ? send(slot, record_) : void();
  }
  Slot* slot = find(connection);
  if (slot == nullptr) return;  // it was cut meanwhile
  slot->heard = scene_.time.now();
  if (message.type == wire::Type::kPong) {
    const auto pong = wire::decode_pong(message.payload);
    if (!pong) return scene_.fail("wire", pong.error().message);
    slot->pong = *pong;
    return admit_learners();
  }
  if (message.type == wire::Type::kReady) {
    slot->ready = true;
    return admit_learners();
  }
  if (message.type == wire::Type::kInventory) {
    auto inventory = wire::decode_inventory(message.payload);
    if (!inventory) return scene_.fail("wire", inventory.error().message);
    slot->inventory = std::move(inventory).value();
    return on_inventory(*slot);
  }
  const auto ask = wire::decode_compare_and_set(message.payload);
  if (!ask) return scene_.fail("wire", ask.error().message);
  compare_and_set(Slot(*slot), *ask);
}

// --- changes

void SimRegister::compare_and_set(const Slot& asker, const wire::CompareAndSet& ask) {
  if (ask.expected != record_.number || !record_.has(asker.id, asker.incarnation)) return send(asker, record_);
  for (const Incarnation dead : ask.dead) {
    const SimProcess* process = scene_.find(dead);
    if (process == nullptr || process->alive())
      return scene_.fail("death notices", "a process is called dead that lives, or never was");
    dead_.push_back(dead);
  }
  smr::ReplicaSet without = ask.without;
  without.remove(asker.id);
  const SimProcess* by = scene_.find(asker.incarnation);
  const Node node = by != nullptr ? by->node() : kNoNode;
  if (!scene_.winding_down && scene_.random.chance(scene_.plan.loses_answer)) {
    scene_.hit(CoverageMark::kRegisterAnswerLost);
    scene_.network.cut(asker.connection);
    std::erase_if(slots_, [&](const Slot& slot) { return slot.connection == asker.connection; });
  }
  if (change(without, node) && without.empty()) scene_.hit(CoverageMark::kSameMembersView);
}

bool SimRegister::somebody_stays(const smr::ViewRecord& next) const {
  return std::ranges::any_of(next.members, [&](const smr::Member& member) {
    const SimProcess* process = scene_.find(member.incarnation);
    return process != nullptr && process->alive() &&
           (process->has_durable_state() ||
            (process->starting() && record_.has(member.id, member.incarnation) && !process->disk()->gone_back()));
  });
}

bool SimRegister::change(smr::ReplicaSet without, Node asker) {
  auto next = view::without(record_, without, dead_);
  if (!next || !somebody_stays(*next)) return false;
  std::vector<Incarnation> dead = dead_;
  for (const smr::Member& member : record_.members) {
    if (!without.has(member.id)) continue;
    SimProcess* process = scene_.find(member.incarnation);
    if (process == nullptr) continue;
    excluded_.insert(member.incarnation);
    if (!process->full()) scene_.hit(CoverageMark::kLearnerExcluded);
    if (!process->alive()) continue;
    if (scene_.plan.fences) {
      process->end("killed by the register");
      dead.push_back(member.incarnation);
    } else {
      scene_.hit(CoverageMark::kExcludedAlive);
    }
  }
  next = view::without(record_, without, dead);
  publish(std::move(next).value(), asker);
  return true;
}

void SimRegister::exclude(SimProcess& process) {
  if (!record_.has(process.id(), process.incarnation()) || scene_.time.now() < away_until_) return;
  smr::ReplicaSet leaving;
  leaving.add(process.id());
  (void)change(leaving, kNoNode);
}

void SimRegister::admit_learners() {
  smr::ViewRecord next = record_;
  for (const Slot& slot : slots_) {
    if (record_.has(slot.id, slot.incarnation) && slot.pong.installed != record_.number && !scene_.plan.hasty)
      return;
    const SimProcess* process = scene_.find(slot.incarnation);
    if (!slot.ready || process == nullptr || !process->alive() || excluded_.contains(slot.incarnation)) continue;
    auto joined = view::with(next, {slot.id, slot.incarnation, "r" + std::to_string(slot.id.value)});
    if (joined) next = std::move(joined).value();
  }
  const std::size_t joining = next.members.size() - record_.members.size();
  if (joining == 0 || !somebody_stays(next)) return;
  if (joining > 1) scene_.hit(CoverageMark::kSeveralJoin);
  next.number = record_.number.next();
  publish(std::move(next), kNoNode);
}

void SimRegister::publish(smr::ViewRecord next, Node asker) {
  record_ = std::move(next);
  scene_.ledger.published(record_);
  Event event{Event::Kind::kProposed};
  event.who = asker;
  event.record = &record_;
  scene_.tell(event);
  for (const Slot& slot : slots_)
    if (may_hear(slot) || slot.inventory) send(slot, record_);
}

void SimRegister::send(const Slot& slot, const smr::ViewRecord& record) {
  told_.insert(slot.incarnation);
  Bytes bytes;
  wire::encode(bytes, record);
  scene_.network.send(slot.connection, node_, std::move(bytes));
}

// --- time, and faults

void SimRegister::ping() {
  scene_.time.at(scene_.time.now() + kPingEveryUs, *this, kPing);
  if (scene_.time.now() < away_until_) return;
  Bytes bytes;
  wire::encode_ping(bytes, ++pings_);
  smr::ReplicaSet hung;
  for (const Slot& slot : slots_) {
    scene_.network.send(slot.connection, node_, Bytes(bytes));
    const Time patience = kHungUs + 4 * (scene_.plan.register_us + scene_.plan.delay_us);
    const bool silent = scene_.time.now() - slot.heard > patience;
    if (silent && record_.has(slot.id, slot.incarnation)) hung.add(slot.id);
  }
  if (!hung.empty() && scene_.plan.fences) (void)change(hung, kNoNode);
  try_restart();
}

void SimRegister::died(Incarnation incarnation) {
  if (!scene_.plan.sees_deaths) return;
  scene_.time.at(scene_.time.now() + scene_.random.between(100, 20'000), *this, kDeath, incarnation.value);
}

void SimRegister::away(Time length) {
  away_until_ = scene_.time.now() + length;
  // Replicas that it did not hear meanwhile are not to blame.
  for (Slot& slot : slots_) slot.heard = std::max(slot.heard, away_until_);
}

}  // namespace titer::sim
