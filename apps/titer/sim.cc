// SPDX-License-Identifier: Apache-2.0

// titer sim: whole clusters under simulated faults, driven by seeds.
#include <fcntl.h>
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <memory>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include "base/number.h"
#include "net/named_file.h"
#include "sim/text_trace.h"
#include "sim/trace.h"
#include "sim/workers.h"
#include "titer/command.h"

namespace titer::app::sim_command {
namespace {

constexpr int kExitMarkNeverHit = 14;
constexpr std::uint64_t kSeedsForMarks = 1000;  // with fewer, a rare mark may stay away by chance

struct Options {
  std::vector<std::uint64_t> seed;
  std::uint64_t seeds = 0, first = 1, twice_every = 8;
  unsigned jobs = std::max(1U, std::thread::hardware_concurrency());
  std::string replay, trace;
  bool marks = false, log = false;
};

void print(const sim::Finding& finding) {
  const sim::Report& r = finding.report;
  if (finding.outcome == sim::Outcome::kPassed) return;
  fmt::print("{}: {} at {:.6f} s: {}\n  {}\n  again: titer sim --seed {}\n", sim::name(finding.outcome),
             r.verdict.checker, static_cast<double>(r.verdict.at) / 1e6, r.verdict.what, sim::Plan(r.seed).text(),
             r.seed);
  std::fflush(stdout);
}

void print(const sim::CoverageMarks& marks) {
  for (std::size_t i = 0; i < sim::kMarks; ++i) {
    const auto mark = static_cast<sim::CoverageMark>(i);
    if (i == 0) fmt::print("faults\n");
    if (i > 0 && sim::is_fault(static_cast<sim::CoverageMark>(i - 1)) && !sim::is_fault(mark))
      fmt::print("rare branches\n");
    fmt::print("  {:32} {:>9}\n", sim::name(mark), marks.count(mark));
  }
}

void print(const sim::Sum& sum, double seconds) {
  const double simulated = static_cast<double>(sum.simulated_us) / 1e6;
  const auto per_seed = [&](std::uint64_t n) {
    return static_cast<double>(n) / static_cast<double>(std::max<std::uint64_t>(sum.seeds, 1));
  };
  fmt::print(
      "{} seeds ({} of them twice) in {:.1f} s: {:.0f} seeds a minute, {:.0f} simulated seconds, {:.0f} x real "
      "time\n"
      "per seed: {:.0f} events, {:.0f} messages, {:.0f} requests executed, {:.0f} answers, {:.0f} reads, {:.1f} "
      "views, "
      "{:.1f} faults\n"
      "{} operations compared for linearizability, {} stock lines without a verdict\n",
      sum.seeds, sum.twice, seconds, static_cast<double>(sum.seeds) * 60 / seconds, simulated, simulated / seconds,
      per_seed(sum.events), per_seed(sum.messages), per_seed(sum.executed), per_seed(sum.answered),
      per_seed(sum.reads), per_seed(sum.views), per_seed(sum.marks.faults()), sum.operations, sum.unknown);
}

// Lines of "seed rules what"; a line that begins with # is a comment.
bool read_seeds(const std::string& path, std::vector<std::uint64_t>& seeds) {
  const auto text = net::read_small_file(path);
  if (!text) {
    fmt::print(stderr, "titer: {}\n", text.error().message);
    return false;
  }
  std::istringstream in(*text);
  for (std::string line; std::getline(in, line);) {
    if (line.empty() || line.front() == '#') continue;
    std::string_view rest = line;
    const auto seed = take_number<std::uint64_t>(rest);
    if (!seed) {
      fmt::print(stderr, "titer: {} has a line that does not begin with a seed: {}\n", path, line);
      return false;
    }
    seeds.push_back(*seed);
  }
  std::ranges::sort(seeds);
  seeds.erase(std::unique(seeds.begin(), seeds.end()), seeds.end());  // one may stand there for several reasons
  if (seeds.empty()) fmt::print(stderr, "titer: {} names no seed\n", path);
  return !seeds.empty();
}

int log(const Options& options) {
  sim::TextTrace trace([](std::string_view line) { fmt::print("{}\n", line); });
  for (const std::uint64_t seed : options.seed) (void)sim::run(sim::Plan(seed), &trace);
  return kExitOk;
}

int draw(const Options& options) {
  if (options.seed.size() != 1) {
    fmt::print(stderr, "titer: --trace draws one run: give one --seed\n");
    return kExitUsage;
  }
  const auto output = net::open_output(options.trace, O_WRONLY | O_TRUNC, 0666);
  std::FILE* const out = output ? ::fdopen(*output, "w") : nullptr;
  if (out == nullptr) {
    fmt::print(stderr, "titer: {}\n", output ? "cannot write " + options.trace : output.error().message);
    return kExitUsage;
  }
  const sim::Plan plan(options.seed.front());
  sim::Trace trace;
  const sim::Report report = sim::run(plan, &trace);
  const std::string page = trace.page(plan.text(), report);
  const bool written = std::fwrite(page.data(), 1, page.size(), out) == page.size();
  if (std::fclose(out) != 0 || !written) {
    fmt::print(stderr, "titer: cannot write {}\n", options.trace);
    return kExitUsage;
  }
  fmt::print("{}\n{} shows the run; open it in a browser\n", plan.text(), options.trace);
  return kExitOk;
}

int run(const Options& options) {
  if (!options.trace.empty()) return draw(options);
  if (options.log) return log(options);
  sim::SeedBatch batch{options.seed, options.jobs, options.twice_every, 10};
  if (!options.seed.empty() || !options.replay.empty()) batch.twice_every = 1;
  if (!options.replay.empty() && !read_seeds(options.replay, batch.seeds)) return kExitUsage;
  for (std::uint64_t i = 0; i < options.seeds; ++i) batch.seeds.push_back(options.first + i);
  if (batch.seeds.empty()) {
    fmt::print(stderr, "titer: say which seeds: --seed N, --seeds COUNT or --replay FILE\n");
    return kExitUsage;
  }
  if (options.seeds == 0)
    for (const std::uint64_t seed : options.seed) fmt::print("{}\n", sim::Plan(seed).text());
  const auto begin = std::chrono::steady_clock::now();
  const sim::Sum sum = sim::run_many(batch, [](const sim::Finding& finding) { print(finding); });
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  print(sum, seconds);
  if (options.seeds > 0 || options.marks) print(sum.marks);
  if (!sum.findings.empty()) return static_cast<int>(sum.findings.front().outcome);
  if (options.seeds < kSeedsForMarks) return kExitOk;
  const std::vector<sim::CoverageMark> missing = sim::never_hit(sum.marks);
  for (const sim::CoverageMark mark : missing) fmt::print("never hit: {}\n", sim::name(mark));
  return missing.empty() ? kExitOk : kExitMarkNeverHit;
}

Runner setup(Flags& flags) {
  auto options = std::make_shared<Options>();
  flags.option("--seed", options->seed, "run this seed, twice; print its parameters");
  flags.option("--seeds", options->seeds, "number of seeds to run").between(1, 100'000'000);
  flags.option("--first", options->first, "first of these seeds").show_default();
  flags.option("--twice-every", options->twice_every, "run every N-th seed twice, and require identical runs")
      .positive()
      .show_default();
  flags.option("--jobs", options->jobs, "number of processes").between(1, 256).show_default();
  flags.option("--replay", options->replay,
               "run the seeds of this file: one seed per line, with the reason why it is there");
  flags.option("--trace", options->trace,
               "write a page with the space-time diagram of the run of --seed to this file");
  flags.flag("--log", options->log, "print what happens in the run of --seed, a line per event, and nothing else");
  flags.flag("--marks", options->marks, "print which faults and rare branches were hit, and how often");
  flags.footer(
      "Exit codes: 0 no error found, 10 a crash or a failed CHECK, 11 a promise was broken, 12 a run did not come "
      "to\n"
      "rest, 13 two runs of one seed differed, 14 a fault or rare branch was never hit (from 1000 seeds on).");
  return [options] { return run(*options); };
}

const Registration registered({Group::kOperate, "sim", "run whole clusters under simulated faults, by seed",
                               setup});

}  // namespace
}  // namespace titer::app::sim_command
