// SPDX-License-Identifier: Apache-2.0

#include "sim/scene.h"

#include <algorithm>
#include <utility>

#include "sim/direct_sender.h"
#include "sim/follower.h"
#include "sim/rude_client.h"
#include "sim/sim_process.h"
#include "sim/sim_register.h"
#include "sim/thin_client.h"

namespace titer::sim {

Scene::Scene(const Plan& plan_of, Observer* by) : Stage(plan_of, by), network(*this), ledger(*this) {}
Scene::~Scene() = default;

const smr::ViewRecord& Scene::record() const { return view_register->record(); }

SimProcess* Scene::find(Incarnation incarnation) {
  for (const auto& process : processes)
    if (process->incarnation() == incarnation) return process.get();
  return nullptr;
}

SimProcess* Scene::holder(ReplicaId id) {
  for (auto it = processes.rbegin(); it != processes.rend(); ++it)
    if ((*it)->id() == id)
      return (*it)->alive() && !view_register->excluded((*it)->incarnation()) ? it->get() : nullptr;
  return nullptr;
}

bool Scene::stays(const smr::Member& member) const {
  return view_register->next().has(member.id, member.incarnation);
}

bool Scene::another_lives(const SimProcess* gone) const {
  for (const smr::Member& member : record().members) {
    if (!stays(member)) continue;
    if (gone != nullptr && member.incarnation == gone->incarnation()) continue;
    if (view_register->dying(member.incarnation)) continue;
    for (const auto& other : processes)
      if (other->incarnation() == member.incarnation && other->alive() && other->has_durable_state()) return true;
  }
  return false;
}

const SimProcess* Scene::user_of(const SimDisk* disk) const {
  for (const auto& process : processes)
    if (process->alive() && process->disk().get() == disk) return process.get();
  return nullptr;
}

bool Scene::disk_left(const SimProcess* gone, const SimDisk* wiped) const {
  for (const smr::Member& member : record().members) {
    const SimDisk* disk = disks[member.id.value].get();
    if (!stays(member) || disk == wiped || disk->gone_back()) continue;
    const SimProcess* user = user_of(disk);
    if (user == nullptr ? !SimDisk::is_of(disk->left(), member) : !user->leaves(member)) continue;
    const bool learns =
        user != nullptr && user != gone && (user->starting() ? view_register->told_to_learn(*user) : !user->full());
    if (!learns) return true;
  }
  return false;
}

bool Scene::may_lose(const SimProcess& process) const {
  if (another_lives(&process)) return true;
  if (!plan.durable) return !(process.full() && record().has(process.id(), process.incarnation()));
  return plan.mean(Fault::kTotalFailure) > 0 && !winding_down && disk_left(&process, nullptr);
}

std::shared_ptr<SimDisk> Scene::new_disk(ReplicaId id) {
  return std::make_shared<SimDisk>(id, random.next(), plan);
}

void Scene::spawn(ReplicaId id) {
  const Incarnation incarnation(plan.first_incarnation.value + processes.size());
  hit(CoverageMark::kRestarted);
  if (!plan.durable)
    processes.push_back(std::make_unique<SimProcess>(*this, id, incarnation, record(), nullptr));
  else
    processes.push_back(std::make_unique<SimProcess>(*this, id, incarnation, disk_for(id)));
  view_register->adopt();
}

std::shared_ptr<SimDisk> Scene::disk_for(ReplicaId id) {
  std::shared_ptr<SimDisk>& disk = disks[id.value];
  const bool locked = user_of(disk.get()) != nullptr;
  const bool wipe = random.chance(plan.wipes) && (another_lives(nullptr) || disk_left(nullptr, disk.get()));
  if (!locked && !wipe && may_put_back(id)) {
    hit(CoverageMark::kDiskBack);
    tell_fault("disk put back");
    disk = std::exchange(kept_[id.value], nullptr);
  }
  if (locked) hit(CoverageMark::kDiskInUse);
  if (!locked && wipe) hit(CoverageMark::kWiped);
  if (locked || wipe) disk = new_disk(id);
  return disk;
}

void Scene::keep_disk(ReplicaId id) {
  if (disks[id.value] != nullptr) kept_[id.value] = disks[id.value]->snapshot();
}

// Of this life: an older one is recognised by the lives alone. Another member's disk has the newest view too; beside disks of
// earlier views the one that was put back would be the only one to begin with, and it is not trusted alone.
bool Scene::may_put_back(ReplicaId id) const {
  if (view_register->next().number != record().number) return false;  // it may come to be the only one that counts
  const smr::Member* member = record().find(id);
  const SimDisk* kept = kept_[id.value].get();
  if (kept == nullptr || member == nullptr || !SimDisk::is_of(kept->left(), *member) || winding_down) return false;
  const bool as_new = std::ranges::any_of(record().members, [&](const smr::Member& other) {
    const SimDisk* one = disks[other.id.value].get();
    if (other.id == id || one == nullptr || one->gone_back()) return false;
    const SimProcess* user = user_of(one);
    if (user != nullptr) return user->leaves(other) && user->installed() >= kept->left().installed;
    return SimDisk::is_of(one->left(), other) && one->left().installed >= kept->left().installed;
  });
  return as_new && (another_lives(nullptr) || disk_left(nullptr, disks[id.value].get()));
}

void Scene::end_all(Time within) {
  tell_fault("total failure");
  for (const auto& process : processes) {
    const bool apart = view_register->excluded(process->incarnation()) && random.chance(.5);
    if (process->alive() && !apart) process->die_at(time.now() + random.between(0, within));
  }
}

void Scene::maybe_end_all() {
  if (!working || winding_down || !random.chance(plan.total_in_change)) return;
  end_all(random.chance(.5) ? 1'000 : 50'000);
}

void Scene::tell_fault(std::string_view text, Node who, Node peer) {
  Event event{Event::Kind::kFault};
  event.text = text;
  event.who = who;
  event.peer = peer;
  tell(event);
}

}  // namespace titer::sim
