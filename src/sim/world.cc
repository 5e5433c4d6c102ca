// SPDX-License-Identifier: Apache-2.0

#include "sim/world.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "check/linearizability.h"
#include "sim/direct_sender.h"
#include "sim/follower.h"
#include "sim/nemesis.h"
#include "sim/rude_client.h"
#include "sim/scene.h"
#include "sim/silent_log.h"
#include "sim/sim_process.h"
#include "sim/sim_register.h"
#include "sim/thin_client.h"

namespace titer::sim {

namespace {

constexpr Time kLookEveryUs = 100'000;
constexpr Time kCompareEveryUs = 5'000'000;
constexpr std::uint64_t kSearchSteps = 2'000'000;  // per stock line; more than any run has needed

class World {
 public:
  World(const Plan& plan, Observer* observer) : scene_(plan, observer), nemesis_(scene_) {}
  Report run();

 private:
  using Wait = std::string (World::*)();

  void be_born();
  // Runs until there is nothing to wait for; fails with what there is when that takes too long.
  void run_until(Wait wait, Time at_most, const char* checker);
  [[nodiscard]] std::string not_set_up();
  [[nodiscard]] std::string unrest();
  [[nodiscard]] std::string missing_reads();
  void ask_final_reads();
  void compare_some_state();
  void compare_states();
  void compare_history();
  [[nodiscard]] Report report() const;

  Scene scene_;
  Nemesis nemesis_;
  std::uint64_t unknown_ = 0;
};

void World::be_born() {
  const Plan& plan = scene_.plan;
  smr::ViewRecord first;
  for (std::uint16_t i = 0; i < plan.replicas; ++i)
    first.members.push_back({ReplicaId(i), Incarnation(plan.first_incarnation.value + i), fmt::format("r{}", i)});
  scene_.view_register = std::make_unique<SimRegister>(scene_, first);
  for (const smr::Member& member : first.members) {
    std::shared_ptr<SimDisk>& disk = scene_.disks[member.id.value];
    if (plan.durable) disk = scene_.new_disk(member.id);
    scene_.processes.push_back(std::make_unique<SimProcess>(scene_, member.id, member.incarnation, first, disk));
  }
  const auto clients = static_cast<std::uint64_t>(plan.gateway_clients) + static_cast<std::uint64_t>(plan.readers);
  for (std::uint64_t i = 0; i < clients; ++i) {
    const bool reader = i >= static_cast<std::uint64_t>(plan.gateway_clients);
    scene_.thin.push_back(std::make_unique<ThinClient>(scene_, i + 1, reader ? 1 : plan.read_share));
  }
  for (std::uint64_t i = 0; i < static_cast<std::uint64_t>(plan.direct_clients); ++i)
    scene_.direct.push_back(std::make_unique<DirectSender>(scene_, 500 + i));
  if (plan.follower) scene_.follower = std::make_unique<Follower>(scene_);
  if (plan.rude) scene_.rude = std::make_unique<RudeClient>(scene_);
  if (plan.clock != LamportTime()) scene_.hit(CoverageMark::kClockNearEnd);
  if (plan.first_incarnation.value > limits::kCounterMax) scene_.hit(CoverageMark::kIncarnationNearEnd);
  if (plan.replicas > 5) scene_.hit(CoverageMark::kManyReplicas);
  for (int i = 0; i < plan.sites; ++i) scene_.thin.front()->ask(add_site(compared_site(static_cast<unsigned>(i))));
  for (int i = 0; i < plan.other_sites; ++i) scene_.thin.front()->ask(add_site(fmt::format("x{}", i)));
}

std::string World::not_set_up() { return scene_.thin.front()->idle() ? "" : "the sites are not there yet"; }

void World::run_until(Wait wait, Time at_most, const char* checker) {
  const Time until = scene_.time.now() + at_most;
  std::string why;
  while (!scene_.failed()) {
    const Time look = scene_.time.now() + kLookEveryUs;
    while (!scene_.failed() && scene_.time.step(look)) continue;
    why = (this->*wait)();
    if (why.empty()) return;
    if (scene_.time.now() >= until)
      return scene_.fail(checker, fmt::format("after {} s: {}", at_most / 1'000'000, why),
                         Verdict::Kind::kLiveness);
  }
}

// --- liveness

std::string World::unrest() {
  for (const auto& client : scene_.thin)
    if (client->alive() && !client->idle()) return fmt::format("client {} is not answered", client->number());
  for (const auto& client : scene_.direct)
    if (client->alive() && !client->idle()) return client->text();
  if (scene_.follower && !scene_.follower->idle()) return "the follower has not read all changes";
  for (const smr::Member& member : scene_.record().members) {
    const SimProcess* process = scene_.find(member.incarnation);
    if (process == nullptr || !process->alive())
      return fmt::format("dead #{} is a member", member.incarnation.value);
    if (std::string why = process->unrest(); !why.empty()) return why;
  }
  for (std::uint16_t i = 0; i < scene_.plan.replicas; ++i)
    if (nemesis_.in_core(ReplicaId(i)) && scene_.record().find(ReplicaId(i)) == nullptr)
      return fmt::format("replica {} has not joined again", i);
  return {};
}

void World::ask_final_reads() {
  for (const auto& client : scene_.thin)
    for (int i = 0; client->alive() && i < scene_.plan.sites; ++i)
      client->read(read_of(compared_site(static_cast<unsigned>(i))));
}

std::string World::missing_reads() {
  for (const auto& client : scene_.thin)
    if (client->alive() && !client->idle())
      return fmt::format("client {} gets no answer to a read", client->number());
  return {};
}

// --- in the end

// A replica that has executed as much as anybody.
void World::compare_some_state() {
  for (const auto& process : scene_.processes) {
    if (!process->alive() || !process->full() || process->machine().position() != scene_.ledger.length()) continue;
    return scene_.ledger.compare(process->incarnation(), process->machine().registry(), false);
  }
}

void World::compare_states() {
  const machine::Machine* first = nullptr;
  for (const smr::Member& member : scene_.record().members) {
    const machine::Machine& state = scene_.find(member.incarnation)->machine();
    if (const Status sound = state.registry().check(); !sound) scene_.fail("registry", sound.error().message);
    scene_.ledger.compare(member.incarnation, state.registry(), first == nullptr);
    if (state.position() != scene_.ledger.length())
      scene_.fail("answered writes", fmt::format("#{} stands at {}, {} were executed", member.incarnation.value,
                                                 state.position().value, scene_.ledger.length().value));
    if (first == nullptr) first = &state;
    if (state.digest() != first->digest()) scene_.fail("digests (I10)", "the replicas differ in the end");
  }
}

void World::compare_history() {
  check::Options options;
  options.begin = check::Begin::kNoLine;
  options.max_steps = kSearchSteps;
  const check::Verdict verdict = check::check(scene_.history, options);
  unknown_ = verdict.unknown;
  for (const check::LineVerdict& line : verdict.lines)
    if (line.answer == check::Answer::kViolation)
      scene_.fail("linearizability", fmt::format("site {}: {}", line.site, line.explanation));
}

Report World::report() const {
  Report out;
  out.seed = scene_.plan.seed;
  out.verdict = scene_.verdict;
  out.marks = scene_.marks;
  out.digest = scene_.digest ^ scene_.time.events() * 31 ^ scene_.history.size();
  out.simulated_us = scene_.time.now();
  out.events = scene_.time.events();
  out.messages = scene_.network.messages();
  out.executed = scene_.ledger.length().value;
  out.answered = scene_.ledger.answers();
  out.reads = scene_.ledger.reads();
  out.views = scene_.record().number.value;
  out.operations = scene_.history.size();
  out.unknown = unknown_;
  return out;
}

Report World::run() {
  be_born();
  run_until(&World::not_set_up, kSetupUs, "birth");
  scene_.working = true;
  for (const auto& client : scene_.thin) client->start();
  for (const auto& client : scene_.direct) client->start();
  if (scene_.follower) scene_.follower->start();
  if (scene_.rude) scene_.rude->start();
  nemesis_.start();
  const Time end = scene_.time.now() + scene_.plan.safety_us;
  for (Time look = scene_.time.now(); !scene_.failed() && look < end;) {
    look = std::min(end, look + kCompareEveryUs);
    while (!scene_.failed() && scene_.time.step(look)) continue;
    if (!scene_.failed()) compare_some_state();
  }
  scene_.working = false;
  nemesis_.heal();
  run_until(&World::unrest, kRestUs, "rest");
  ask_final_reads();
  run_until(&World::missing_reads, kRestUs, "rest");
  if (!scene_.failed()) compare_states();
  if (!scene_.failed()) compare_history();
  return report();
}

}  // namespace

Report run(const Plan& plan, Observer* observer) {
  const SilentLog silent;
  return World(plan, observer).run();
}

}  // namespace titer::sim
