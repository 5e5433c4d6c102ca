// SPDX-License-Identifier: Apache-2.0

// The register after everybody has died: which members restart from their disks, and which learn. As
// cluster/supervisor_start.cc.
#include <algorithm>

#include "sim/sim_process.h"
#include "sim/sim_register.h"

namespace titer::sim {

// A process that was started with a disk hears nothing before it has reported what is there.
bool SimRegister::may_hear(const Slot& slot) const {
  return !scene_.plan.durable || record_.has(slot.id, slot.incarnation) || told_.contains(slot.incarnation);
}

bool SimRegister::told_to_learn(const SimProcess& process) const {
  return process.starting() && told_.contains(process.incarnation()) &&
         !record_.has(process.id(), process.incarnation());
}

void SimRegister::on_inventory(const Slot& slot) {
  if (may_hear(slot)) return;
  if (somebody_stays(record_)) return send(slot, record_);
  try_restart();
}

// Of those who were started and not told to learn; nullopt: one has not said yet what it has.
std::optional<std::vector<view::Returned>> SimRegister::returned() const {
  std::vector<view::Returned> all;
  for (const auto& process : scene_.processes) {
    if (!process->alive() || !process->starting() || told_.contains(process->incarnation())) continue;
    const auto slot = std::ranges::find(slots_, process->incarnation(), &Slot::incarnation);
    if (slot == slots_.end() || !slot->inventory) return std::nullopt;
    all.push_back({{slot->id, slot->incarnation, "r" + std::to_string(slot->id.value)}, *slot->inventory});
  }
  return all;
}

void SimRegister::try_restart() {
  if (!scene_.plan.durable || scene_.time.now() < away_until_ || somebody_stays(record_)) return;
  const auto all = returned();
  if (!all || all->empty()) return;
  auto next = view::restart(record_, *all, dead_);
  if (next && !all_gone_back(*next)) restart(*all, std::move(next).value());
}

// Disks that have gone back are recognised beside one that has not; so they do not begin alone (docs/decisions/0030).
bool SimRegister::all_gone_back(const smr::ViewRecord& next) const {
  return std::ranges::all_of(next.members, [&](const smr::Member& member) {
    return scene_.find(member.incarnation)->disk()->gone_back();
  });
}

void SimRegister::restart(const std::vector<view::Returned>& returned, smr::ViewRecord next) {
  for (const view::Returned& one : returned) {
    const smr::Member* before = record_.find(one.now.id);
    const auto& lives = one.inventory.lives;
    if (before == nullptr || !one.inventory.whole || std::ranges::count(lives, before->incarnation) == 0) continue;
    if (next.find(one.now.id) == nullptr) scene_.hit(CoverageMark::kRestartLower);
    if (lives.end() - std::ranges::find(lives, before->incarnation) > 2) scene_.hit(CoverageMark::kRestartOldLife);
  }
  if (std::ranges::any_of(scene_.processes,
                          [&](const auto& p) { return p->alive() && excluded(p->incarnation()); }))
    scene_.hit(CoverageMark::kRestartBesideExcluded);
  scene_.hit(next.members.size() < record_.members.size() ? CoverageMark::kRestartSubset
                                                          : CoverageMark::kRestartAll);
  for (const smr::Member& member : record_.members) {
    if (SimProcess* process = scene_.find(member.incarnation); process != nullptr && process->alive()) {
      scene_.hit(CoverageMark::kMemberNeverFull);
      process->end("killed by the register: it has not got the state");
    }
    excluded_.insert(member.incarnation);
    dead_.push_back(member.incarnation);
  }
  publish(std::move(next), kNoNode);
}

}  // namespace titer::sim
