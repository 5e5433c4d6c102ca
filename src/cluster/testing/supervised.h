// SPDX-License-Identifier: Apache-2.0

// Supervised: a SupervisorPolicy in a test, with the driver's part played by the test: actions are performed as soon as they
// come, and written down. A process that is killed dies only when the test says so.
#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "cluster/supervisor_policy.h"

namespace titer::cluster {

class Supervised {
 public:
  explicit Supervised(SupervisorPolicy::Options options)
      : policy(options, {7, options.replicas, options.durable, false, {}, {}}), options_(std::move(options)) {}

  // --- ways to begin
  // A new cluster that serves.
  static Supervised begun(ReplicaIndex replicas, bool durable = true) {
    Supervised it({replicas, durable, true, "logs", {}});
    it.bootstrap();
    return it;
  }
  // All were dead, the last view had these members, and all processes are started again.
  static Supervised restarting(ReplicaIndex replicas, const std::vector<ReplicaIndex>& members) {
    Supervised it({replicas, true, true, "logs", {}});
    RegisterState state{7, replicas, true, true, {}, {}};
    state.record.number = ViewNumber(5);
    for (const ReplicaIndex i : members) state.record.members.push_back(process(i, 1));
    it.policy = SupervisorPolicy(it.options_, state);
    for (ReplicaIndex i = 0; i < replicas; ++i) it.start(i, 2);
    it.forget();
    return it;
  }

  // --- what the driver sees
  static smr::Member process(ReplicaIndex i, std::uint64_t life) {
    return {ReplicaId(i), Incarnation(100ULL * (i + 1U) + life), "r" + std::to_string(i)};
  }
  void start(ReplicaIndex i, std::uint64_t life) {
    policy.started(process(i, life), false);
    policy.connected(i);
    perform();
  }
  // What its disk has: the state of a member of this view, under these lives.
  void finds(ReplicaIndex i, std::uint64_t view, const std::vector<std::uint64_t>& lives) {
    wire::Inventory found;
    found.whole = true;
    found.installed = ViewNumber(view);
    for (const std::uint64_t life : lives) found.lives.push_back(process(i, life).incarnation);
    policy.inventory(i, found);
    perform();
  }
  void finds_nothing(ReplicaIndex i) {
    policy.inventory(i, {});
    perform();
  }
  void refuses(ReplicaIndex i, const std::string& why) {
    wire::Inventory found;
    found.refusal = why;
    policy.inventory(i, found);
    perform();
  }
  // It has installed the newest view.
  void pong(ReplicaIndex i, bool full = true) { pong(i, full, policy.record().number); }
  void pong(ReplicaIndex i, bool full, ViewNumber installed) {
    wire::Pong pong;
    pong.full = full;
    pong.installed = installed;
    policy.pong(i, pong);
    perform();
  }
  void ready(ReplicaIndex i) {
    policy.ready(i);
    perform();
  }
  void ask(ReplicaIndex by, const std::vector<ReplicaIndex>& without) { ask(by, without, policy.record().number); }
  void ask(ReplicaIndex by, const std::vector<ReplicaIndex>& without, ViewNumber expected) {
    wire::CompareAndSet ask{expected, {}, "no heartbeat", {}};
    for (const ReplicaIndex i : without) ask.without.add(ReplicaId(i));
    policy.compare_and_set(by, ask);
    perform();
  }
  void die(const std::vector<ReplicaIndex>& those, const std::string& last_words = {}) {
    std::vector<SupervisorPolicy::Death> deaths;
    deaths.reserve(those.size());
    for (const ReplicaIndex i : those) deaths.push_back({i, "exit code 1"});
    policy.died(now, deaths);
    perform();
    for (const ReplicaIndex i : those) policy.disconnected(now, i, last_words);
    perform();
  }
  void ticks(unsigned count, const std::vector<ReplicaIndex>& who_answer = {}) {
    for (unsigned n = 0; n < count; ++n) {
      now = BootTime(now.value + 50'000);
      policy.tick(now);
      perform();
      for (const ReplicaIndex i : who_answer) pong(i, policy.last_pong(i).full);
    }
  }
  [[nodiscard]] Status kill(ReplicaIndex i) {
    Status done = policy.kill(i);
    perform();
    return done;
  }

  // --- what came of it
  void forget() {
    killed.clear();
    started.clear();
    stopped.clear();
    said.clear();
    told.clear();
  }
  [[nodiscard]] std::string members() const {
    std::string text;
    for (const smr::Member& one : policy.record().members)
      text += (text.empty() ? "" : " ") + std::to_string(one.id.value);
    return text;
  }
  [[nodiscard]] std::uint64_t view() const { return policy.record().number.value; }
  [[nodiscard]] bool has_said(const std::string& part) const {
    return std::ranges::any_of(said, [&](const std::string& text) { return text.find(part) != std::string::npos; });
  }
  // Of the newest record that this replica was told; 0: of none since the last forget().
  [[nodiscard]] std::uint64_t told_view(ReplicaIndex i) const {
    const auto at = told.find(i);
    return at == told.end() ? 0 : at->second.number.value;
  }

  SupervisorPolicy policy;
  BootTime now{1'000'000'000};
  bool disk_full = false;
  RegisterState on_disk;
  std::vector<ReplicaIndex> killed, started, stopped;
  std::vector<std::string> said;
  std::map<ReplicaIndex, smr::ViewRecord> told;
  bool told_before_saved = false;

 private:
  void bootstrap() {
    RegisterState first{7, options_.replicas, options_.durable, false, {}, {}};
    for (ReplicaIndex i = 0; i < options_.replicas; ++i) first.record.members.push_back(process(i, 1));
    on_disk = first;
    policy = SupervisorPolicy(options_, first);
    for (const smr::Member& one : first.record.members) {
      policy.started(one, true);
      policy.connected(one.id.value);
      if (options_.durable) policy.inventory(one.id.value, {});
    }
    for (const smr::Member& one : first.record.members) pong(one.id.value);
    policy.bootstrapped();
    perform();
    forget();
  }
  void perform() {
    while (const auto action = policy.next()) std::visit([this](const auto& one) { perform(one); }, *action);
  }
  void perform(const Save&) {
    if (!disk_full) on_disk = policy.state();
    policy.saved(disk_full ? Status(Error{Code::kInternal, "no space left"}) : ok_status());
  }
  void perform(const Tell& tell) {
    told_before_saved = told_before_saved || tell.record != on_disk.record;
    told[tell.replica] = tell.record;
  }
  void perform(const Kill& kill) { killed.push_back(kill.replica); }
  void perform(const Stop& stop) { stopped.push_back(stop.replica); }
  void perform(const Start& start) { started.push_back(start.replica); }
  void perform(const Say& say) { said.push_back(say.text); }

  SupervisorPolicy::Options options_;
};

}  // namespace titer::cluster
