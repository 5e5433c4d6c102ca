// SPDX-License-Identifier: Apache-2.0

// Machine: one machine of the simulation in machines.h — its disk, and the process that runs there now.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "sim/sim_cell.h"
#include "view/cluster_record.h"
#include "view/mark_schedule.h"
#include "view/startup_course.h"

namespace titer::sim {

// The disk outlives a process.
struct MachineDisk {
  view::Authority seen;
  std::vector<Incarnation> attempts;
  bool known = false;  // somebody has lived there
  wire::Inventory inventory;
};

// A process. Dead ones stay, because what they have asked may still arrive.
struct Life {
  smr::Member me;
  bool alive = true;
  enum class Role { kStarting, kLearner, kMember } role = Role::kStarting;
  std::optional<view::ClusterRecord> record;
  std::optional<view::StartupCourse> course;
  view::MarkSchedule marks;
  ViewNumber installed;  // in this life
  bool was_member = false;
  bool leaves = false;
  Time proposes_at = 0;
  std::unique_ptr<CellAgent> agent;

  [[nodiscard]] bool member() const { return record && record->view.has(me.id, me.incarnation); }
};

struct Machine {
  ReplicaId id;
  MachineDisk disk;
  Life* life = nullptr;  // null: no process
  Time starts_at = 0;
  Time died_at = 0;
};

}  // namespace titer::sim
