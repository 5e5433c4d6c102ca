// SPDX-License-Identifier: Apache-2.0

// What a registry takes in memory, part by part: sites with one stock line each, a full history, and what sessions keep.
//
//   build/release/bin/memory_bench [SITES]
//
// Sites are as those of `titer bench`. Parts are what the state machine counts; the last lines compare their sum with what the
// process has.

#include <fmt/format.h>
#include <malloc.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>

#include "machine/testing.h"

namespace {

using namespace titer;

constexpr std::uint64_t kSessions = 1'000, kRequestsPerFrame = 1'000;

double resident_mb() {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);)
    if (line.starts_with("VmRSS")) return std::strtod(line.c_str() + line.find(':') + 1, nullptr) * 1024 / 1e6;
  return 0;
}

void row(std::string_view part, double bytes, std::uint64_t sites) {
  fmt::print("| {} | {:.1f} | {:.1f} |\n", part, bytes / 1e6, bytes / static_cast<double>(sites));
}

class Filled {
 public:
  explicit Filled(std::uint64_t sites) : sites_(sites) {
    for (std::uint64_t i = 1; i <= sites_; ++i) add(i);
    run();
    for (std::uint64_t i = 0; i < 2 * limits::kHistoryEventsMax; ++i) set();
    run();
  }
  [[nodiscard]] const machine::Machine& machine() const { return machine_; }

 private:
  static std::string id_of(std::uint64_t i) { return fmt::format("bench-{:07}", i); }
  void add(std::uint64_t i) {
    const std::string id = id_of(i), name = fmt::format("Bench site {:07}", i);
    registry::AddSite site;
    site.id = id;
    site.fields.name = name;
    site.fields.zip = i % 3 == 0 ? "02139" : "02138";
    site.stock = registry::StockClaim{registry::kAnyProduct, registry::Availability::of(1000), {}, {}};
    submit(machine::request(site));
  }
  void set() {
    chance_ = chance_ * 6'364'136'223'846'793'005 + 1'442'695'040'888'963'407;
    submit(machine::set(id_of(1 + (chance_ >> 33) % sites_), chance_ >> 54));
  }
  void submit(const registry::Request& request) {
    ++requests_;
    make_.add(1 + requests_ % kSessions, 1 + requests_ / kSessions, request);
    if (requests_ % kRequestsPerFrame == 0) run();
  }
  void run() { machine_.execute(make_.frame(), nullptr); }

  std::uint64_t sites_;
  machine::Machine machine_;
  machine::FrameMaker make_;
  std::uint64_t requests_ = 0, chance_ = 1;
};

}  // namespace

int main(int argc, char** argv) {
  const std::uint64_t sites = argc > 1 ? std::strtoull(argv[1], nullptr, 10) : 100'000;
  const double empty = resident_mb();
  const Filled filled(sites);
  const registry::Totals totals = filled.machine().registry().totals();
  if (totals.sites != sites) return std::fprintf(stderr, "memory_bench: a site was refused\n"), 1;
  fmt::print("{} sites, {} stock lines, {} events\n\n| part | MB | bytes per site |\n|---|---|---|\n", totals.sites,
             totals.stock_lines, totals.events);
  for (const registry::MemoryPart& part : filled.machine().registry().memory())
    row(part.name, static_cast<double>(part.bytes), sites);
  const auto sessions = static_cast<double>(filled.machine().session_memory());
  row(fmt::format("sessions ({})", filled.machine().sessions()), sessions, sites);
  row("sum", static_cast<double>(totals.bytes) + sessions, sites);
  malloc_trim(0);
  row("resident, beyond the empty process", (resident_mb() - empty) * 1e6, sites);
  fmt::print("\nthe empty process: {:.1f} MB\n", empty);
}
