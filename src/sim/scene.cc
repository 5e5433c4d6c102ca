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

bool Scene::another_lives(const SimProcess* gone) const {
  for (const smr::Member& member : record().members) {
    if (gone != nullptr && member.incarnation == gone->incarnation()) continue;
    for (const auto& other : processes)
      if (other->incarnation() == member.incarnation && other->alive() && other->has_durable_state()) return true;
  }
  return false;
}

bool Scene::disk_left(const SimProcess* gone, const Directory* wiped) const {
  for (const smr::Member& member : record().members) {
    const Directory* directory = directories[member.id.value].get();
    if (directory == wiped || directory->gone_back() || !directory->is_of(member)) continue;
    const auto learns = [&](const auto& process) {
      return process->directory().get() == directory && process->alive() && process.get() != gone &&
             (process->starting() ? view_register->told_to_learn(*process) : !process->full());
    };
    if (std::ranges::none_of(processes, learns)) return true;
  }
  return false;
}

bool Scene::may_lose(const SimProcess& process) const {
  if (another_lives(&process)) return true;
  if (!plan.durable) return !(process.full() && record().has(process.id(), process.incarnation()));
  return plan.mean(Fault::kTotalFailure) > 0 && !winding_down && disk_left(&process, nullptr);
}

void Scene::spawn(ReplicaId id) {
  const Incarnation incarnation(100 + processes.size());
  hit(CoverageMark::kRestarted);
  if (!plan.durable)
    processes.push_back(std::make_unique<SimProcess>(*this, id, incarnation, record(), nullptr));
  else
    processes.push_back(std::make_unique<SimProcess>(*this, id, incarnation, directory_for(id)));
  view_register->adopt();
}

std::shared_ptr<Directory> Scene::directory_for(ReplicaId id) {
  std::shared_ptr<Directory>& directory = directories[id.value];
  const auto in_use = [&](const auto& process) { return process->alive() && process->directory() == directory; };
  const bool locked = std::ranges::any_of(processes, in_use);
  const bool wipe = random.chance(plan.wipes) && (another_lives(nullptr) || disk_left(nullptr, directory.get()));
  if (!locked && !wipe && may_put_back(id)) {
    hit(CoverageMark::kDiskBack);
    tell_fault("disk put back");
    directory = std::exchange(kept_[id.value], nullptr);
  }
  if (locked) hit(CoverageMark::kDirectoryInUse);
  if (!locked && wipe) hit(CoverageMark::kWiped);
  if (locked || wipe) directory = std::make_shared<Directory>(id, plan.limits());
  return directory;
}

void Scene::keep_disk(ReplicaId id) {
  if (directories[id.value] != nullptr) kept_[id.value] = directories[id.value]->snapshot();
}

// Of this life: an older one is recognised by the lives alone. Another member's disk has the newest view too; beside disks of
// earlier views the one that was put back would be the only one to begin with, and it is not trusted alone.
bool Scene::may_put_back(ReplicaId id) const {
  const smr::Member* member = record().find(id);
  const Directory* kept = kept_[id.value].get();
  if (kept == nullptr || member == nullptr || !kept->is_of(*member) || winding_down) return false;
  const bool as_new = std::ranges::any_of(record().members, [&](const smr::Member& other) {
    const Directory* one = directories[other.id.value].get();
    return other.id != id && one != nullptr && !one->gone_back() && one->is_of(other) &&
           one->installed() >= kept->installed();
  });
  return as_new && (another_lives(nullptr) || disk_left(nullptr, directories[id.value].get()));
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
