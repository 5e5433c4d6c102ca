// SPDX-License-Identifier: Apache-2.0

#include "sim/sim_disk.h"

#include <algorithm>
#include <utility>

namespace titer::sim {

namespace {

store::StoreEvents deaf() {
  store::StoreEvents events;
  events.post = [](const std::function<void()>&) {};
  events.persisted = [](std::uint64_t) {};
  events.failed = [](const std::string&) {};
  events.room = [](bool) {};
  return events;
}

}  // namespace

store::StoreOptions SimDisk::options(Incarnation process) const {
  store::StoreOptions options;
  options.dir = "/data";
  options.me = owner_;
  options.incarnation = process;
  options.limits.segment_bytes = plan_.segment_bytes;
  options.limits.spare_bytes_max = 2 * plan_.segment_bytes;
  options.limits.journal_bytes = plan_.segment_bytes / 2;
  options.limits.probe_bytes = std::size_t{4} << 10;
  options.limits.tables_every_us = plan_.tables_us;
  options.limits.tables_at_most_every_us = plan_.tables_us / 4;
  return options;
}

Result<SimDisk::Found> SimDisk::look() {
  store::SimulatedDisk copy(seed_ + 77);
  copy.put(disk_.image());
  store::SimulatedProcess process(copy);
  Found found;
  found.machine = std::make_unique<machine::Machine>(plan_.limits());
  auto opened = store::Store::open(options(Incarnation(1)), deaf(), *found.machine, nullptr, process.environment());
  if (!opened) return opened.error();
  found.inventory = (*opened)->inventory();
  if (found.inventory.whole) found.recovered = (*opened)->recovered();
  process.workers.end();
  return found;
}

Result<SimDisk::Found> SimDisk::ended(bool power_lost) {
  disk_.files.fail_syncs(false);
  disk_.restart(power_lost);
  auto found = look();
  if (found) left_ = found->inventory;
  return found;
}

bool SimDisk::is_of(const wire::Inventory& found, const smr::Member& member) {
  return found.whole && std::ranges::count(found.lives, member.incarnation) > 0;
}

std::shared_ptr<SimDisk> SimDisk::snapshot() {
  auto copy = std::make_shared<SimDisk>(owner_, seed_ + 1, plan_);
  copy->disk_.put(disk_.image());
  copy->gone_back_ = true;
  if (const auto found = copy->look(); found) {
    copy->left_ = found->inventory;
    copy->kept_in_ = found->inventory.installed;
  }
  return copy;
}

}  // namespace titer::sim
