// SPDX-License-Identifier: Apache-2.0

#include "sim/machines.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "base/check.h"
#include "sim/machine.h"
#include "sim/sim_cell.h"
#include "view/cluster_record.h"
#include "view/startup_course.h"

namespace titer::sim {

namespace {

using view::CellRegister;
using view::ClusterRecord;
using Kind = view::StartupStep::Kind;

constexpr Time kSecondUs = 1'000'000;
constexpr Time kMachineTickUs = 100'000;
constexpr Time kProposalUs = 1'000'000;
constexpr Time kStartupUs = 3'600 * kSecondUs;
constexpr Time kSilentUs = 800'000;  // then a dead member is suspected
constexpr Time kFaultyUs = 120 * kSecondUs, kFaultlessUs = 120 * kSecondUs;
constexpr Time kRefuseUs = 10 * kSecondUs;  // a cell that has gone back is noticed by then

std::string first_record(std::uint16_t replicas) {
  ClusterRecord record;
  record.cluster = 77;
  for (std::uint16_t i = 0; i < replicas; ++i)
    record.roster.push_back({ReplicaId(i), fmt::format("10.0.0.{}:8892", i), {}});
  return view::to_json(record);
}

class Machines final : public Handler {
 public:
  explicit Machines(std::uint64_t seed);
  MachinesReport run();

 private:
  void on_event(std::uint32_t what, std::uint64_t argument) override;
  void fail(std::string what) {
    if (report_.failure.empty()) report_.failure = fmt::format("at {} ms: {}", time_.now() / 1000, what);
  }
  void until(Time end);
  // --- processes
  void start(Machine& machine);
  void end(Machine& machine);
  void maybe_end(Machine& machine);  // between two things that it does
  [[nodiscard]] CellRegister::Events events_of(Machine& machine, Life& life);
  void read_disk(Machine& machine, Life& life);
  void look(Machine& machine);
  void begin(Machine& machine, Life& life, const view::StartupStep& step);
  void live(Machine& machine);
  void suspect(Machine& machine, Life& life);
  void learn(Life& life);
  // --- the replicas as a whole
  [[nodiscard]] Life* life_of(const smr::Member& member);
  void install_when_all_know();
  void acknowledge();
  // --- faults and checks
  void strike();
  void go_back();
  void end_faults();
  void on_replaced(const std::string& before, const std::string& after);
  void check_refused();
  [[nodiscard]] std::string unrest();

  Random random_;
  Timeline time_;
  std::uint16_t replicas_;
  SimCell cell_;
  std::vector<Machine> machines_;
  std::vector<std::unique_ptr<Life>> lives_;
  std::map<ViewNumber, smr::ViewRecord> views_;
  MachinesReport report_;
  std::uint64_t acknowledged_ = 0;
  std::uint64_t next_incarnation_ = 100;
  Time back_at_ = kNever, refused_by_ = kNever;
  double ends_;  // share of the moments at which a process may end at which it does
  bool faultless_ = false;
};

Machines::Machines(std::uint64_t seed)
    : random_(seed * 0x9E3779B97F4A7C15ULL + 3),
      replicas_(static_cast<std::uint16_t>(1 + random_.below(5))),
      cell_(0xe7cd, first_record(replicas_)),
      machines_(replicas_),
      ends_(random_.chance(.5) ? 0 : .01) {
  cell_.faults.delay_us = random_.chance(.5) ? 2'000 : 200'000;
  if (random_.chance(.6)) cell_.faults.loses = .15;
  if (random_.chance(.5)) cell_.faults.gaps = .3;
  if (random_.chance(.5)) cell_.faults.breaks = .1;
  cell_.on_replaced = [this](const std::string& before, const std::string& after) { on_replaced(before, after); };
  for (std::uint16_t i = 0; i < replicas_; ++i) machines_[i].id = ReplicaId(i);
}

// --- processes

CellRegister::Events Machines::events_of(Machine& machine, Life& life) {
  CellRegister::Events events;
  events.remember = [this, &machine](const view::Authority& seen) {
    if (!faultless_ && random_.chance(.01)) return Status(Error{Code::kInternal, "no space left"});
    machine.disk.seen = seen;
    return ok_status();
  };
  events.record = [&life](const ClusterRecord& record) { life.record = record; };
  events.refused = [this](const std::string&) { ++report_.refusals; };
  return events;
}

void Machines::start(Machine& machine) {
  Life& life = *lives_.emplace_back(std::make_unique<Life>());
  life.me = {machine.id, Incarnation(++next_incarnation_), fmt::format("10.0.0.{}:8892", machine.id.value)};
  machine.life = &life;
  life.agent = std::make_unique<CellAgent>(time_, random_, cell_, machine.disk.seen, events_of(machine, life));
}

void Machines::end(Machine& machine) {
  if (machine.life == nullptr) return;
  machine.life->alive = false;
  machine.life->agent->end();
  machine.life = nullptr;
  machine.died_at = time_.now();
  machine.starts_at =
      time_.now() + (random_.chance(.7) ? random_.between(1, kSecondUs) : random_.between(1, 12 * kSecondUs));
}

void Machines::maybe_end(Machine& machine) {
  if (!faultless_ && random_.chance(ends_)) end(machine);
}

// The life of a disk that counts is noted before anybody hears of it.
void Machines::read_disk(Machine& machine, Life& life) {
  MachineDisk& disk = machine.disk;
  view::StartingProcess self;
  self.now = life.me;
  self.empty = !disk.known;
  self.bootstrap_attempts = disk.attempts;
  if (disk.inventory.whole) disk.inventory.lives.push_back(life.me.incarnation);
  self.inventory = disk.inventory;
  life.course.emplace(std::move(self), [this, &machine](Incarnation one) {
    if (!faultless_ && random_.chance(.05)) return Status(Error{Code::kInternal, "no space left"});
    machine.disk.attempts.push_back(one);
    return ok_status();
  });
}

void Machines::look(Machine& machine) {
  Life& life = *machine.life;
  if (!life.record) {
    if (!life.agent->reg().refused().empty()) end(machine);  // its service manager starts it again
    return;
  }
  if (life.role != Life::Role::kStarting) return live(machine);
  if (!life.course) read_disk(machine, life);
  const view::StartupStep step = life.course->step(BootTime(time_.now()), *life.record);
  if (step.kind == Kind::kRefuse)
    return fail(fmt::format("machine {} does not start: {}", machine.id.value, step.why));
  if (step.kind == Kind::kChange) {
    if (time_.now() < life.proposes_at) return;
    life.proposes_at = time_.now() + 250'000;
    life.agent->propose(
        CellRegister::Kind::kStartup,
        [this, &life](const ClusterRecord& newest) {
          return life.role == Life::Role::kStarting ? life.course->proposal(BootTime(time_.now()), newest)
                                                    : std::nullopt;
        },
        kStartupUs);
    return maybe_end(machine);
  }
  if (step.kind != Kind::kWait) begin(machine, life, step);
}

void Machines::begin(Machine& machine, Life& life, const view::StartupStep& step) {
  MachineDisk& disk = machine.disk;
  disk.known = true;
  if (step.kind == Kind::kLearn) {
    life.role = Life::Role::kLearner;
    disk.inventory.whole = false;
    disk.inventory.lives.clear();
    return;
  }
  life.role = Life::Role::kMember;
  if (step.kind == Kind::kResume) return;
  ++report_.bootstraps;
  if (acknowledged_ > 0) fail("a cluster whose writes were acknowledged is bootstrapped again");
  maybe_end(machine);
  if (!life.alive) return;
  disk.inventory = {{}, true, life.record->view.number, {life.me.incarnation}, Position(acknowledged_)};
  life.installed = life.record->view.number;
  maybe_end(machine);
  if (life.alive) disk.attempts.clear();
}

// --- a process that knows what it is

void Machines::live(Machine& machine) {
  Life& life = *machine.life;
  life.was_member = life.was_member || life.member();
  if (life.was_member && !life.member()) return end(machine);  // excluded, or it has left
  if (!life.member()) return learn(life);
  if (view::gives_way(*life.record, life.me, life.role == Life::Role::kMember)) return end(machine);
  if (life.role == Life::Role::kLearner) return;  // only a member with the state asks (smr/suspicion.h)
  if (life.leaves && life.installed == life.record->view.number)
    life.agent->propose(
        CellRegister::Kind::kLeave,
        [me = life.me, installed = life.installed](const ClusterRecord& newest) {
          return view::left(newest, me, installed);
        },
        kProposalUs);
  const wire::Inventory& held = machine.disk.inventory;
  const view::DiskMark mark{life.me.id, life.me.incarnation, held.installed, held.position};
  if (life.installed != ViewNumber() && life.marks.due(BootTime(time_.now()), *life.record, mark))
    life.agent->propose(
        CellRegister::Kind::kMark, [mark](const ClusterRecord& newest) { return view::marked(newest, mark); },
        kProposalUs);
  suspect(machine, life);
}

// Of those who have been dead for so long, and of nobody else.
void Machines::suspect(Machine& machine, Life& life) {
  wire::CompareAndSet ask{life.record->view.number, {}, "silence", {}};
  for (const smr::Member& member : life.record->view.members) {
    const Machine& other = machines_[member.id.value];
    if (life_of(member) == nullptr && time_.now() - other.died_at > kSilentUs) ask.without.add(member.id);
  }
  if (ask.without.empty() || time_.now() < life.proposes_at) return;
  life.proposes_at = time_.now() + 300'000;
  const bool certain = life.installed != ViewNumber();
  if (view::blocked(*life.record, life.me, ask, certain)) {
    ++report_.blocked;
    return end(machine);
  }
  life.agent->propose(
      CellRegister::Kind::kExclude,
      [me = life.me, ask, certain](const ClusterRecord& newest) { return view::asked(newest, me, ask, certain); },
      kProposalUs);
}

// It has learned while a member with the state lives.
void Machines::learn(Life& life) {
  if (time_.now() < life.proposes_at) return;
  const bool from_somebody = std::ranges::any_of(life.record->view.members, [&](const smr::Member& member) {
    const Life* other = life_of(member);
    return other != nullptr && other->installed == life.record->view.number;
  });
  if (!from_somebody) return;
  life.proposes_at = time_.now() + 500'000;
  life.agent->propose(
      CellRegister::Kind::kJoin, [me = life.me](const ClusterRecord& newest) { return view::joined(newest, me); },
      kProposalUs);
}

// --- the replicas as a whole

Life* Machines::life_of(const smr::Member& member) {
  Life* life = machines_[member.id.value].life;
  return life != nullptr && life->me.incarnation == member.incarnation ? life : nullptr;
}

// The flush: all members of a view know it, and none knows a later one.
void Machines::install_when_all_know() {
  for (const Machine& machine : machines_) {
    if (machine.life == nullptr || !machine.life->member() || machine.life->role == Life::Role::kStarting) continue;
    const smr::ViewRecord view = machine.life->record->view;
    if (machine.life->installed == view.number) continue;
    std::uint64_t position = 0;
    bool all = true, some_full = false;
    for (const smr::Member& member : view.members) {
      const Life* life = life_of(member);
      all = all && life != nullptr && life->member() && life->role != Life::Role::kStarting &&
            life->record->view.number == view.number;
      if (!all) break;
      const wire::Inventory& held = machines_[member.id.value].disk.inventory;
      if (held.whole) position = std::max(position, held.position.value);
      some_full = some_full || held.whole;
    }
    if (!all || !some_full) continue;
    if (position < acknowledged_)
      fail(fmt::format("view {} begins at position {}, and {} was acknowledged", view.number.value, position,
                       acknowledged_));
    for (const smr::Member& member : view.members) {
      Life& life = *life_of(member);
      wire::Inventory& held = machines_[member.id.value].disk.inventory;
      if (!held.whole) held.lives = {member.incarnation};
      held.whole = true;
      held.installed = life.installed = view.number;
      held.position = Position(position);
      life.role = Life::Role::kMember;
    }
  }
}

// By all members of one view, who know no later one. Those of a restart answer nobody before it is over.
void Machines::acknowledge() {
  for (const Machine& machine : machines_) {
    if (machine.life == nullptr || !machine.life->member()) continue;
    const smr::ViewRecord view = machine.life->record->view;
    const bool all = std::ranges::all_of(view.members, [&](const smr::Member& member) {
      const Life* life = life_of(member);
      return life != nullptr && life->installed == view.number && life->record->view.number == view.number &&
             !life->record->restart;
    });
    if (!all) continue;
    ++acknowledged_;
    for (const smr::Member& member : view.members)
      machines_[member.id.value].disk.inventory.position = Position(acknowledged_);
    return;
  }
}

// --- faults

void Machines::strike() {
  if (cell_.gone_back()) return;
  Machine& victim = machines_[random_.below(replicas_)];
  switch (random_.below(9)) {
    case 0:
    case 1: return end(victim);
    case 2:
      if (random_.chance(.3))
        for (Machine& machine : machines_) end(machine);
      return;
    case 3: return cell_.away(random_.chance(.5));
    case 4: return cell_.compact();
    case 5:
      if (victim.life != nullptr && victim.life->member() && victim.life->record->view.members.size() > 1)
        victim.life->leaves = true, ++report_.leaves;
      return;
    case 6: return go_back();
    default: return;
  }
}

// Nobody who has seen less would notice it: that is left to the operator (docs/reference/serve.md).
void Machines::go_back() {
  const view::CellState now = cell_.read();
  if (cell_.gone_back() || cell_.changes() < 2) return;
  for (const Machine& machine : machines_) {
    if (machine.disk.seen.revision != now.value->revision) return;
    if (machine.life != nullptr && !machine.life->record) return;
  }
  cell_.away(false);
  cell_.go_back(1 + random_.below(std::min<std::size_t>(cell_.changes() - 1, 5)), random_.chance(.5));
  back_at_ = time_.now() + random_.between(kSecondUs, 20 * kSecondUs);
  refused_by_ = time_.now() + kRefuseUs;
}

void Machines::end_faults() {
  faultless_ = true;
  cell_.away(false);
  cell_.bring_back();
  back_at_ = kNever;
  cell_.faults = {};
  for (Machine& machine : machines_) {
    machine.starts_at = 0;
    if (machine.life != nullptr) machine.life->leaves = false;
  }
}

// --- what is checked

void Machines::on_replaced(const std::string& before_text, const std::string& after_text) {
  if (cell_.gone_back()) return fail("a cell that has gone back was changed");
  const auto before = view::cluster_record_from(before_text), after = view::cluster_record_from(after_text);
  if (!before || !after) return fail("a record that cannot be read");
  const smr::ViewRecord& view = after->view;
  const auto [known, is_new] = views_.emplace(view.number, view);
  if (known->second != view) return fail(fmt::format("two records of view {}", view.number.value));
  if (!is_new) return;
  ++report_.views;
  if (view.number != before->view.number.next())
    return fail(fmt::format("view {} follows view {}", view.number.value, before->view.number.value));
  const auto stays = [&](const smr::Member& member) { return view.has(member.id, member.incarnation); };
  if (after->restart && after->restart != before->restart) ++report_.restarts;
  if (view.members.size() > before->view.members.size()) ++report_.joins;
  if (std::ranges::any_of(before->view.members, stays) || after->restart || acknowledged_ == 0) return;
  fail(fmt::format("view {} shares no member with the one before, and is no restart", view.number.value));
}

// Those that run know better, those that start have it on their disks.
void Machines::check_refused() {
  if (!cell_.gone_back() || time_.now() < refused_by_) return;
  for (const Machine& machine : machines_)
    if (machine.life != nullptr && machine.life->record && machine.life->agent->reg().refused().empty())
      fail(fmt::format("machine {} believes a cell that has gone back", machine.id.value));
}

std::string Machines::unrest() {
  for (const Machine& machine : machines_) {
    const Life* life = machine.life;
    if (life == nullptr) return fmt::format("machine {} has no process", machine.id.value);
    if (!life->member())
      return fmt::format("machine {} is no member of view {}", machine.id.value,
                         life->record ? life->record->view.number.value : 0);
    if (life->installed != life->record->view.number || life->record->restart)
      return fmt::format("machine {} has not installed view {}", machine.id.value, life->record->view.number.value);
  }
  return {};
}

void Machines::on_event(std::uint32_t, std::uint64_t) {
  time_.at(time_.now() + kMachineTickUs, *this, 0);
  if (time_.now() >= back_at_) {
    cell_.bring_back();
    back_at_ = kNever;
  }
  for (Machine& machine : machines_) {
    if (machine.life == nullptr && time_.now() >= machine.starts_at) start(machine);
    if (machine.life != nullptr) look(machine);
  }
  install_when_all_know();
  acknowledge();
  check_refused();
  if (!faultless_ && random_.chance(.1)) strike();
}

void Machines::until(Time end) {
  while (report_.failure.empty() && time_.step(end)) {
  }
}

MachinesReport Machines::run() {
  for (Machine& machine : machines_) machine.starts_at = random_.between(0, 3 * kSecondUs);
  time_.at(0, *this, 0);
  until(kFaultyUs);
  end_faults();
  const Time last = time_.now() + kFaultlessUs;
  while (report_.failure.empty() && !unrest().empty() && time_.now() < last) until(time_.now() + kSecondUs);
  if (const std::string why = unrest(); !why.empty()) fail("after the last fault: " + why);
  report_.acknowledged = acknowledged_;
  return report_;
}

}  // namespace

MachinesReport run_machines(std::uint64_t seed) { return Machines(seed).run(); }

}  // namespace titer::sim
