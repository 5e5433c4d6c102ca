// SPDX-License-Identifier: Apache-2.0

// A simulator that cannot see a broken rule is itself broken: each rule of smr/rules.h is switched off, and seeds are run
// until a checker notices. It says after how many, and which checker; a rule that nobody misses within its number of
// seeds is a failure.
//
//   titer_sim_mutants [--first N | --known FILE] [--at-most N] [RULE …]
//   titer_sim_mutants --healthy N          N seeds with every rule on
//
// --at-most: seeds for each rule, to look quickly.
//
// --known: the seeds that FILE (seeds.txt) names for a rule are tried first. A run of a minute becomes one of seconds, while
// they still show what they are there for; if one no longer does, the search goes on, and the output says so.
#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <map>
#include <sstream>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "base/number.h"
#include "sim/machines.h"
#include "sim/plan.h"
#include "sim/workers.h"
#include "smr/rules.h"

namespace titer::sim {
namespace {

// Some rules matter only where several rare things come together: their seeds are those whose plan has these.
using Fits = bool (*)(const Plan& plan);

// Everything ends between a joiner's last write and its view.
bool joins_are_cut(const Plan& plan) {
  return plan.durable && plan.replicas > 1 && plan.total_in_change > 0 && plan.mean(Fault::kCrash) > 0;
}

// A frame that is missing holds its replica up; in a calm run nothing else does, so somebody will ask why.
bool frames_overtake(const Plan& plan) {
  return plan.calm && plan.replicas > 2 && plan.jitter_us > plan.delay_us && plan.mean(Fault::kCrash) > 0;
}

bool disks_go_back(const Plan& plan) { return plan.replicas > 1 && plan.mean(Fault::kDiskBack) > 0; }

// … and are back in time.
bool ends_in_changes(const Plan& plan) {
  return plan.replicas > 1 && !plan.fences && plan.mean(Fault::kEndInChange) > 0 && plan.register_us <= 2'000;
}
bool is_supervised(const Plan& plan) { return plan.fences && plan.replicas > 1; }
bool somebody_lies(const Plan& plan) { return plan.lies > 0 && plan.replicas > 1; }

struct Mutant {
  std::string_view name;
  smr::ProtocolRule rule;
  std::uint64_t seeds;    // within so many it must be caught
  Fits fits = nullptr;    // … of those whose plan is like this; null: any
  bool machines = false;  // by the simulation of the register of several machines (sim/machines.h)
};

constexpr Mutant kMutants[] = {
    {"clock", smr::ProtocolRule::kClock, 50},
    {"same_content", smr::ProtocolRule::kSameContent, 50, somebody_lies},
    {"one_content", smr::ProtocolRule::kOneContent, 100, somebody_lies},
    {"stable_against_clients", smr::ProtocolRule::kStableClients, 200},
    {"safe", smr::ProtocolRule::kSafe, 50},
    {"reads_wait", smr::ProtocolRule::kReadsWait, 100},
    {"exactly_once", smr::ProtocolRule::kExactlyOnce, 50},
    {"wedge", smr::ProtocolRule::kWedge, 200},
    {"top_view", smr::ProtocolRule::kTopView, 500},
    {"gone_back", smr::ProtocolRule::kGoneBack, 1000, disks_go_back},
    {"relay", smr::ProtocolRule::kRelay, 100},
    {"install_when_all_done", smr::ProtocolRule::kAllDone, 100},
    {"early", smr::ProtocolRule::kEarly, 600, frames_overtake},
    {"lease_wait", smr::ProtocolRule::kLeaseWait, 200},
    {"link_repeats", smr::ProtocolRule::kLinkRepeats, 200},
    {"outdated_state", smr::ProtocolRule::kOutdatedState, 1000},
    {"donor_behind", smr::ProtocolRule::kDonorBehind, 500},
    {"recovered_wedge", smr::ProtocolRule::kRecoveredWedge, 500},
    {"inherit", smr::ProtocolRule::kInherit, 1000, ends_in_changes},
    {"bases", smr::ProtocolRule::kBases, 100},
    {"installed_line", smr::ProtocolRule::kInstalledLine, 100},
    {"last_view", smr::ProtocolRule::kLastView, 500},
    {"top_first", smr::ProtocolRule::kTopFirst, 500},
    {"lives", smr::ProtocolRule::kLives, 500},
    {"learner_lives", smr::ProtocolRule::kLearnerLives, 1000},
    {"joiner_installs", smr::ProtocolRule::kJoinerInstalls, 3000, joins_are_cut},
    {"horizon", smr::ProtocolRule::kHorizon, 200},
    {"saved_first", smr::ProtocolRule::kSavedFirst, 200},
    {"holder_stays", smr::ProtocolRule::kHolderStays, 500},
    {"last_holder", smr::ProtocolRule::kLastHolder, 500, is_supervised},
    {"lease_after_read", smr::ProtocolRule::kLeaseAfterRead, 1000},
    {"final_synced", smr::ProtocolRule::kFinalSynced, 500},
    {"learn_noted", smr::ProtocolRule::kLearnNoted, 500},
    {"sync_first", smr::ProtocolRule::kSyncFirst, 500},
    {"authority", smr::ProtocolRule::kAuthority, 200, nullptr, true},
    {"bootstrap_note", smr::ProtocolRule::kBootstrapNote, 200, nullptr, true},
    {"own_disk", smr::ProtocolRule::kOwnDisk, 200, nullptr, true},
    {"settled_leave", smr::ProtocolRule::kSettledLeave, 500, nullptr, true},
};
static_assert(std::size(kMutants) == static_cast<std::size_t>(smr::ProtocolRule::kCount),
              "every rule has its mutant");

Sum run_seeds(std::vector<std::uint64_t> seeds, std::size_t stop_after = 1) {
  SeedBatch batch;
  batch.seeds = std::move(seeds);
  batch.jobs = std::max(1U, std::thread::hardware_concurrency());
  batch.stop_after = stop_after;
  batch.twice_every = UINT64_MAX;
  return run_many(batch);
}

std::vector<std::uint64_t> seeds_from(std::uint64_t first, std::uint64_t count, Fits fits = nullptr) {
  std::vector<std::uint64_t> seeds;
  for (std::uint64_t seed = first; seeds.size() < count; ++seed)
    if (fits == nullptr || fits(Plan(seed))) seeds.push_back(seed);
  return seeds;
}

// Seeds by the names of the rules behind them: lines of "seed rule,rule what".
std::map<std::string, std::vector<std::uint64_t>, std::less<>> read_known(const char* path) {
  std::map<std::string, std::vector<std::uint64_t>, std::less<>> known;
  std::ifstream in(path);
  for (std::string line; std::getline(in, line);) {
    std::istringstream words(line);
    std::uint64_t seed = 0;
    std::string names;
    if (!(words >> seed >> names)) continue;
    std::istringstream each(names);
    for (std::string one; std::getline(each, one, ',');) known[one].push_back(seed);
  }
  return known;
}

bool caught_by_machines(const Mutant& mutant, std::uint64_t first) {
  smr::rule_disabled[static_cast<int>(mutant.rule)] = true;
  MachinesReport report;
  std::uint64_t seed = first;
  for (; report.failure.empty() && seed < first + mutant.seeds; ++seed) report = run_machines(seed);
  smr::rule_disabled[static_cast<int>(mutant.rule)] = false;
  if (report.failure.empty()) {
    fmt::print("{:24} NOT CAUGHT in {} seeds\n", mutant.name, mutant.seeds);
    return false;
  }
  fmt::print("{:24} caught after {:>3} seeds (of {}) by: machines\n{:24}   seed {}: {}\n", mutant.name,
             seed - first, mutant.seeds, "", seed - 1, report.failure);
  std::fflush(stdout);
  return true;
}

bool caught(const Mutant& mutant, std::uint64_t first, const std::vector<std::uint64_t>& known) {
  if (mutant.machines) return caught_by_machines(mutant, first);
  smr::rule_disabled[static_cast<int>(mutant.rule)] = true;
  Sum sum;
  if (!known.empty()) {
    sum = run_seeds(known);
    if (sum.findings.empty()) fmt::print("{:24} no longer shown by its seeds in the file\n", mutant.name);
  }
  if (sum.findings.empty()) sum = run_seeds(seeds_from(first, mutant.seeds, mutant.fits));
  smr::rule_disabled[static_cast<int>(mutant.rule)] = false;
  if (sum.findings.empty()) {
    fmt::print("{:24} NOT CAUGHT in {} seeds\n", mutant.name, sum.seeds);
    return false;
  }
  const Report& report = sum.findings.front().report;
  fmt::print("{:24} caught after {:>3} seeds (of {}) by: {}\n{:24}   seed {}: {}\n", mutant.name, sum.seeds,
             mutant.seeds, report.verdict.checker, "", report.seed, report.verdict.what);
  std::fflush(stdout);
  return true;
}

// A protocol with all its rules must not be blamed.
int healthy(std::uint64_t first, std::uint64_t count) {
  const Sum sum = run_seeds(seeds_from(first, count), 10);
  for (const auto& finding : sum.findings)
    fmt::print("seed {} fails with every rule on: {}: {}\n", finding.report.seed, finding.report.verdict.checker,
               finding.report.verdict.what);
  return sum.findings.empty() ? 0 : 1;
}

int try_all(int argc, char** argv) {
  spdlog::set_level(spdlog::level::off);
  std::uint64_t first = 1, at_most = UINT64_MAX;
  std::vector<std::string_view> only;
  std::map<std::string, std::vector<std::uint64_t>, std::less<>> known;
  for (int i = 1; i < argc; ++i) {
    const std::string_view word = argv[i];
    if (word == "--first" && i + 1 < argc)
      first = parse_number<std::uint64_t>(argv[++i]).value_or(first);
    else if (word == "--at-most" && i + 1 < argc)
      at_most = parse_number<std::uint64_t>(argv[++i]).value_or(at_most);
    else if (word == "--known" && i + 1 < argc)
      known = read_known(argv[++i]);
    else if (word == "--healthy" && i + 1 < argc)
      return healthy(first, parse_number<std::uint64_t>(argv[++i]).value_or(20));
    else
      only.push_back(word);
  }
  std::size_t tried = 0, missed = 0;
  for (Mutant mutant : kMutants) {
    mutant.seeds = std::min(mutant.seeds, at_most);
    if (!only.empty() && std::ranges::count(only, mutant.name) == 0) continue;
    ++tried;
    const auto seeds = known.find(mutant.name);
    missed += caught(mutant, first, seeds == known.end() ? std::vector<std::uint64_t>() : seeds->second) ? 0U : 1U;
  }
  if (tried == 0) {
    fmt::print(stderr, "no such rule; the names are in src/sim/testing/mutants.cc\n");
    return 2;
  }
  if (only.empty() && healthy(first, 20) != 0) return 1;
  fmt::print("{} of {} caught\n", tried - missed, tried);
  return missed == 0 ? 0 : 1;
}

}  // namespace
}  // namespace titer::sim

int main(int argc, char** argv) { return titer::sim::try_all(argc, argv); }
