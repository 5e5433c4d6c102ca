// SPDX-License-Identifier: Apache-2.0

// How fast the journal takes records: one after another, as a lone client has it, and as fast as they come.
//
//   journal_bench DIRECTORY [SECONDS]
//
// For records of 200 B, 4 KiB and 64 KiB and for 1, 16 and 256 of them under way: each is appended and committed by
// itself, and the next one when an earlier one is reported synced. So with one under way a group is one record, and with
// more the groups form by themselves, as in a replica. Older records are released, so segments are reused.
#include "store/journal.h"

#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <mutex>
#include <string>

#include "processor_time.h"

namespace {

using namespace titer;
using Clock = std::chrono::steady_clock;

// The newest ticket that is on the disk.
class Synced {
 public:
  void set(std::uint64_t ticket) {
    {
      const std::lock_guard lock(lock_);
      ticket_ = ticket;
    }
    changed_.notify_one();
  }
  std::uint64_t wait_for(std::uint64_t ticket) {
    std::unique_lock lock(lock_);
    changed_.wait(lock, [&] { return ticket_ >= ticket; });
    return ticket_;
  }

 private:
  std::mutex lock_;
  std::condition_variable changed_;
  std::uint64_t ticket_ = 0;
};

[[noreturn]] void die(const Error& why) {
  std::fprintf(stderr, "%s\n", why.message.c_str());
  std::exit(1);
}

void load(store::Journal& journal, Synced& synced, std::size_t bytes, std::uint64_t under_way, double seconds,
          std::uint64_t& ticket) {
  const Bytes body(bytes, std::byte{'x'});
  const auto until = Clock::now() + std::chrono::duration<double>(seconds);
  while (Clock::now() < until) {
    ++ticket;
    journal.append(ticket, store::RecordKind::kFrame, {ViewNumber(1), TransmitterId(0), Seq(ticket)},
                   [&](Bytes& out) { ByteWriter(out).raw(body); });
    journal.commit();
    if (ticket < under_way) continue;
    const std::uint64_t done = synced.wait_for(ticket - under_way + 1);
    if (ticket % 1024 == 0) journal.release(ViewNumber(1), {{TransmitterId(0), Seq(done)}});
  }
  synced.wait_for(ticket);
}

void measure(const std::string& dir, std::size_t bytes, std::uint64_t under_way, double seconds) {
  std::filesystem::remove_all(dir);
  Synced synced;
  store::JournalOptions options;
  options.dir = dir;
  auto opened = store::Journal::open(
      options, {[&](std::uint64_t ticket) { synced.set(ticket); }, [](const Error& why) { die(why); }, [](bool) {}},
      [](auto&&...) { return ok_status(); });
  if (!opened) die(opened.error());
  std::uint64_t ticket = 0;
  load(**opened, synced, bytes, under_way, seconds / 4, ticket);  // to get warm
  const store::JournalStats before = (*opened)->stats();
  const double processor = processor_us();
  const auto begin = Clock::now();
  load(**opened, synced, bytes, under_way, seconds, ticket);
  const double took = std::chrono::duration<double>(Clock::now() - begin).count();
  const double processor_took = processor_us() - processor;
  const store::JournalStats after = (*opened)->stats();
  const auto records = static_cast<double>(after.records - before.records);
  const auto groups = static_cast<double>(after.groups - before.groups);
  std::printf(
      "%6zu B, %3llu under way: %8.0f records/s %7.0f groups/s %7.1f MB/s  sync %5.0f us  cpu %5.1f us/record\n",
      bytes, static_cast<unsigned long long>(under_way), records / took, groups / took,
      records * static_cast<double>(bytes) / took / 1e6,
      static_cast<double>(after.sync_us - before.sync_us) / groups, processor_took / records);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) {
    std::fprintf(stderr, "usage: journal_bench DIRECTORY [SECONDS]\n");
    return 2;
  }
  const std::string dir = std::string(argv[1]) + "/journal-bench";
  const double seconds = argc > 2 ? std::atof(argv[2]) : 1;
  for (const std::size_t bytes : {std::size_t{200}, std::size_t{4096}, std::size_t{64} << 10})
    for (const std::uint64_t under_way : {1, 16, 256}) measure(dir, bytes, under_way, seconds);
  std::filesystem::remove_all(dir);
}
