// SPDX-License-Identifier: Apache-2.0

// How long the tables take: to write a large registry, to load it again, and to follow random changes; and the memory.
//
//   build/release/bin/tables_bench [SITES] [DIR]
//
// A site here is as those of `titer bench`: name, ZIP, one stock line. Run it on a machine that does nothing else.

#include "store/tables.h"

#include <fmt/format.h>
#include <sys/resource.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "machine/testing.h"
#include "store/materializer.h"

namespace {

using namespace titer;
using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point begin) {
  return std::chrono::duration<double>(Clock::now() - begin).count();
}

// Of this process, in MB: now, or the most so far.
double resident_mb(const char* field) {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with(field)) return std::strtod(line.c_str() + line.find(':') + 1, nullptr) / 1024;
  }
  return 0;
}

std::string site_id(std::uint64_t i) { return fmt::format("bench-{:07}", i); }

void say(const char* what, double seconds) {
  fmt::print("{:44} {:8.2f} s   resident {:6.0f} MB, at most {:6.0f} MB\n", what, seconds, resident_mb("VmRSS"),
             resident_mb("VmHWM"));
  std::fflush(stdout);
}

[[noreturn]] void stop(const Error& error) {
  fmt::print(stderr, "tables_bench: {}\n", error.message);
  std::exit(1);
}

class Bench {
 public:
  Bench(store::Tables tables, std::uint64_t sites) : tables_(std::move(tables)), sites_(sites) {}

  void fill() {
    const auto begin = Clock::now();
    store::Materializer materializer(tables_, {});
    machine::Machine machine;
    machine.track_changes(true);
    for (std::uint64_t i = 1; i <= sites_; ++i) {
      const std::string id = site_id(i), name = fmt::format("Bench site {:07}", i);
      registry::AddSite add;
      add.id = id;
      add.fields.name = name;
      add.fields.zip = i % 3 == 0 ? "02139" : "02138";
      add.stock = registry::StockClaim{registry::kAnyProduct, registry::Availability::of(1000), {}, {}};
      make_.add(1, ++number_, machine::request(add));
      if (i % 1000 != 0 && i != sites_) continue;
      machine.execute(make_.frame(), nullptr);
      if (machine.registry().changes() >= store::Materializer::kSitesWaiting || i == sites_)
        write(machine, materializer);
    }
    say("execute and write all", seconds_since(begin));
  }

  void load() {
    const auto begin = Clock::now();
    auto loaded = tables_.load(machine_);
    if (!loaded) stop(loaded.error());
    written_ = std::move(loaded->written);
    say("load", seconds_since(begin));
  }

  // Random writes, batch by batch: how long the loop's pieces take, and the writing.
  void follow(int batches) {
    machine_.track_changes(true);
    store::Materializer materializer(tables_, std::move(written_));
    for (int batch = 0; batch < batches; ++batch) {
      const auto begin = Clock::now();
      while (machine_.registry().changes() < store::Materializer::kSitesWaiting && seconds_since(begin) < 10)
        change_some();
      const double executed = seconds_since(begin);
      write(machine_, materializer);
      say(fmt::format("random changes ({:.2f} s) and their batch", executed).c_str(), seconds_since(begin));
    }
  }

 private:
  void change_some() {
    for (int i = 0; i < 2000; ++i) {
      chance_ = chance_ * 6'364'136'223'846'793'005 + 1'442'695'040'888'963'407;
      const std::string id = site_id(1 + (chance_ >> 33) % sites_);
      make_.add(1, ++number_, machine::set(id, chance_ >> 54));
    }
    machine_.execute(make_.frame(), nullptr);
  }

  void write(machine::Machine& machine, store::Materializer& materializer) {
    double longest = 0;
    for (bool done = false; !done;) {
      const auto begin = Clock::now();
      done = materializer.gather(machine, std::size_t{256} << 10);
      longest = std::max(longest, seconds_since(begin));
    }
    const auto closing = Clock::now();
    store::TablesBatch batch = materializer.close(machine, {});
    const double closed = seconds_since(closing);
    const auto writing = Clock::now();
    const store::Tables::Ended ended = tables_.write(batch);
    if (ended.end != store::Tables::End::kWritten) stop(ended.error);
    fmt::print("  batch of {:.1f} MB: longest piece {:.1f} ms, close {:.1f} ms, write {:.0f} ms\n",
               static_cast<double>(batch.bytes()) / 1e6, longest * 1e3, closed * 1e3, seconds_since(writing) * 1e3);
  }

  store::Tables tables_;
  std::uint64_t sites_;
  store::Written written_;
  machine::Machine machine_;
  machine::FrameMaker make_;
  std::uint64_t number_ = 0, chance_ = 1;
};

}  // namespace

int main(int argc, char** argv) {
  const std::uint64_t sites = argc > 1 ? std::strtoull(argv[1], nullptr, 10) : 1'000'000;
  const std::string dir =
      argc > 2 ? argv[2] : (std::filesystem::temp_directory_path() / "titer-tables-bench").string();
  const bool there = std::filesystem::exists(dir + "/CURRENT");
  const auto begin = Clock::now();
  auto tables = store::Tables::open({dir, 1, ReplicaId(0)});
  if (!tables) stop(tables.error());
  Bench bench(std::move(*tables), sites);
  say("open", seconds_since(begin));
  if (!there) return bench.fill(), 0;  // load in a process of its own: its memory is what counts
  bench.load();
  bench.follow(5);
}
