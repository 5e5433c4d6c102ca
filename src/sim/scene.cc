#include "sim/scene.h"

#include "sim/direct_sender.h"
#include "sim/process.h"
#include "sim/register.h"
#include "sim/thin_client.h"

namespace titer::sim {

Scene::Scene(const Plan& plan_of, Observer* by) : Stage(plan_of, by), network(*this), ledger(*this) {}
Scene::~Scene() = default;

const smr::ViewRecord& Scene::record() const { return view_register->record(); }

Process* Scene::find(Incarnation incarnation) {
  for (const auto& process : processes)
    if (process->incarnation() == incarnation) return process.get();
  return nullptr;
}

Process* Scene::holder(ReplicaId id) {
  for (auto it = processes.rbegin(); it != processes.rend(); ++it)
    if ((*it)->id() == id)
      return (*it)->alive() && !view_register->excluded((*it)->incarnation()) ? it->get() : nullptr;
  return nullptr;
}

bool Scene::may_lose(const Process& process) const {
  for (const smr::Member& member : record().members) {
    if (member.incarnation == process.incarnation()) continue;
    for (const auto& other : processes)
      if (other->incarnation() == member.incarnation && other->alive() && other->full()) return true;
  }
  // Nobody else has the state: then this one must not be the one who has.
  return !(process.full() && record().has(process.id(), process.incarnation()));
}

void Scene::spawn(ReplicaId id) {
  const Incarnation incarnation(100 + processes.size());
  processes.push_back(std::make_unique<Process>(*this, id, incarnation, record()));
  hit(Mark::kRestarted);
}

void Scene::tell_fault(std::string_view text, Node who, Node peer) {
  Event event{Event::Kind::kFault};
  event.text = text;
  event.who = who;
  event.peer = peer;
  tell(event);
}

}  // namespace titer::sim
