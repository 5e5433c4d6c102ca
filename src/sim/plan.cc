// SPDX-License-Identifier: Apache-2.0

#include "sim/plan.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <string_view>

#include "base/limits.h"
#include "base/random.h"
#include "node/watchers.h"

namespace titer::sim {

namespace {

constexpr Time kSecond = 1'000'000;
constexpr std::array<std::string_view, kFaults> kFaultNames = {
    "crash",         "pause",         "cut",       "partition", "slow link",    "exclude",      "register away",
    "disk slow",     "disk hang",     "disk fail", "wall jump", "client death", "direct death", "late repeat",
    "total failure", "end in change", "disk back", "bit flip",  "wall far"};

template <typename T, std::size_t n>
T pick(Random& random, const T (&from)[n]) {
  return from[random.below(n)];
}

}  // namespace

Plan::Plan(std::uint64_t of_seed) : seed(of_seed) {
  Random random(of_seed * 0x2545F4914F6CDD1DULL + 7);
  replicas = 1 + static_cast<int>(of_seed % 5);
  durable = random.chance(.5);
  frames_in_flight = pick(random, {2U, 2U, 1U, 3U, 64U});
  piece_bytes = pick<std::size_t>(random, {200, 2'000, 256 << 10});
  turn_us = pick<Time>(random, {20, 100, 1'000});
  sync_us = pick<Time>(random, {100, 2'000, 10'000});
  tables_us = pick<Time>(random, {100'000, kSecond, 10 * kSecond});
  fences = random.chance(.4);
  sees_deaths = random.chance(.6);
  hasty = random.chance(.3);
  register_us = pick<Time>(random, {200, 2'000, 100'000, 400'000});
  loses_answer = random.chance(.4) ? .3 : 0;
  drift_ppm = random.chance(.5) ? 0 : 4'900;
  delay_us = pick<Time>(random, {30, 200, 1'000, 5'000});
  jitter_us = pick<Time>(random, {10, 300, 3'000});
  sites = 1 + static_cast<int>(random.below(4));
  other_sites = pick(random, {0, 10, 100});
  gateway_clients = 1 + static_cast<int>(random.below(4));
  readers = static_cast<int>(random.below(3));
  direct_clients = random.chance(.3) ? 0 : 1 + static_cast<int>(random.below(3));
  depth = pick(random, {1, 1, 4, 32});
  think_us = pick<Time>(random, {500, 5'000, 50'000});
  burst_us = pick<Time>(random, {50'000, 200'000});
  idle_us = pick<Time>(random, {1, 3}) * kSecond * (think_us < 5'000 ? 4 : 1);
  give_up_us = pick<Time>(random, {1'500'000, 4 * kSecond, 10 * kSecond});
  read_share = pick(random, {0., .2, .6});
  for (std::size_t i = 0; i < kFirstFaults; ++i)
    every[i] = random.chance(.45) ? pick<Time>(random, {1, 3, 8, 20}) * kSecond : 0;
  calm = random.chance(.25);
  if (calm) be_calm();
  crash_in_flush = random.chance(.6) ? 0 : .15;
  Time& total = every[static_cast<std::size_t>(Fault::kTotalFailure)];
  total = durable && random.chance(.6) ? pick<Time>(random, {3, 10, 30}) * kSecond : 0;
  total_in_change = total == 0 || random.chance(.5) ? 0 : .03;
  wipes = random.chance(.5) ? 0 : .3;
  restart_us = pick<Time>(random, {50'000, 500'000, 3 * kSecond, 10 * kSecond});
  safety_us = random.between(60, 240) * kSecond;
  heal_all = random.chance(.6);
  sessions = pick<std::size_t>(random, {limits::kSessionsMax, limits::kSessionsMax, 6});
  death_notices = !sees_deaths && random.chance(.5);
  lies = direct_clients > 0 && random.chance(.2) ? .02 : 0;
  draw_last_faults(random);
  shorten_lives(Random(of_seed ^ 0x5ca1ab1e));
}

// From numbers of its own, so that all else in a seed is what it was before lives were short.
void Plan::shorten_lives(Random random) {
  if (random.chance(.15)) replicas += 2;
  session_bytes = random.chance(.1) ? 4'000 : limits::kSessionBytesMax;
  window = random.chance(.15) ? 4 : limits::kSessionWindow;
  history_events = random.chance(.3) ? pick<std::size_t>(random, {16, 64, 500}) : limits::kHistoryEventsMax;
  follower = random.chance(.4);
  rude = random.chance(.3);
  segment_bytes = pick<std::uint64_t>(random, {64, 128, 512}) << 10U;
  socket_bytes = pick<std::size_t>(random, {2'000, 64'000, std::size_t{16} << 20});
  watches = random.chance(.5);
  ring_bytes = random.chance(.5) ? 300 : node::Watchers::kRingBytes;
  known_dead = random.chance(.3) ? 2 : limits::kKnownDeadMax;
  if (random.chance(.2)) clock = LamportTime(limits::kCounterMax - (std::uint64_t{1} << 32U));
  first_incarnation = Incarnation(random.chance(.2) ? UINT64_MAX - 1'000'000 : 100);
  part_bytes = random.chance(.5) ? 200 : machine::Machine::Limits{}.part_bytes;
}

// In a calm run nothing of this; a disk goes back, and everything ends in a change, only where everything may end.
void Plan::draw_last_faults(Random& random) {
  const bool all_may_end = mean(Fault::kTotalFailure) > 0;
  for (std::size_t i = kFirstFaults; i < kFaults; ++i) {
    const auto fault = static_cast<Fault>(i);
    const Time drawn = random.chance(.25) ? pick<Time>(random, {3, 8, 20}) * kSecond : 0;
    const bool needs_end = fault == Fault::kEndInChange || fault == Fault::kDiskBack;
    every[i] = calm || (needs_end && !all_may_end) ? 0 : drawn;
  }
}

machine::Machine::Limits Plan::limits() const {
  machine::Machine::Limits limits = machine::Machine::default_limits();
  limits.sessions = {sessions, window, session_bytes};
  limits.history.events = limits.history.access_events = history_events;
  limits.part_bytes = part_bytes;
  return limits;
}

bool Plan::evicts() const { return sessions < limits::kSessionsMax || session_bytes < limits::kSessionBytesMax; }

// Crashes, cuts, exclusions and clients' deaths continue; faults that delay a process, a link, a disk or the
// register do not.
void Plan::be_calm() {
  for (const Fault fault : {Fault::kPause, Fault::kPartition, Fault::kSlowLink, Fault::kRegisterAway,
                            Fault::kDiskSlow, Fault::kDiskHang})
    every[static_cast<std::size_t>(fault)] = 0;
  loses_answer = 0;
  register_us = std::min<Time>(register_us, 2'000);
}

std::string Plan::text() const {
  std::string out = fmt::format(
      "seed {}: t {}, {}, {} frames in flight, {} sessions of {} bytes and {} places, {} events, pieces "
      "of {} bytes in parts of {}, turn {} us, sync {} us, "
      "tables {} ms, segments of {} KiB, "
      "ring of {} bytes, records name {} deaths, clock from {}, incarnations from {}; "
      "register:{}{}{}{} {} "
      "us, loses {}; drift {} ppm; network {}+{} us, sockets of {} bytes; {}+{} sites, {} gateway clients, {} "
      "readers, {} direct, depth "
      "{}, "
      "think {} us, burst {} ms, idle {} ms, gives up after {} ms, reads {}, lies {}; safety phase {} s, restart "
      "{} ms, "
      "crash in "
      "flush {}, total in change {}, wipes {}, heals {};{}{}{} faults (mean s):",
      seed, replicas, durable ? "durable" : "in memory", frames_in_flight, sessions, session_bytes, window,
      history_events, piece_bytes, part_bytes, turn_us, sync_us, tables_us / 1000, segment_bytes >> 10U, ring_bytes,
      known_dead, clock.value, first_incarnation.value, fences ? " fences" : "", sees_deaths ? " sees deaths" : "",
      death_notices ? " death notices" : "", hasty ? " hasty" : "", register_us, loses_answer, drift_ppm, delay_us,
      jitter_us, socket_bytes, sites, other_sites, gateway_clients, readers, direct_clients, depth, think_us,
      burst_us / 1000, idle_us / 1000, give_up_us / 1000, read_share, lies, safety_us / kSecond, restart_us / 1000,
      crash_in_flush, total_in_change, wipes, heal_all ? "all" : "a core", calm ? " calm;" : "",
      follower ? (watches ? " watcher;" : " follower;") : "", rude ? " rude;" : "");
  for (std::size_t i = 0; i < kFaults; ++i)
    if (every[i] > 0) fmt::format_to(std::back_inserter(out), " {} {},", kFaultNames[i], every[i] / kSecond);
  if (out.back() == ',') out.pop_back();
  return out;
}

}  // namespace titer::sim
