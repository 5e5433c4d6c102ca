// SPDX-License-Identifier: Apache-2.0

// A replica's whole store on a simulated disk, killed at thousands of moments: whatever was reported to be on disk is there
// afterwards, and nothing that was not asked for.
#include <gtest/gtest.h>

#include <algorithm>
#include <map>

#include "registry/random_requests.h"
#include "store/inspect.h"
#include "store/testing/simulated_replica.h"

namespace titer::store {
namespace {

using test::alone;
using test::SimulatedReplica;

constexpr std::uint64_t kCrashSeeds = 400;
constexpr int kLives = 8;
constexpr const char* kMarker = "marker";

// Everything rare happens often.
StoreLimits small_limits(Random& random) {
  StoreLimits limits;
  limits.segment_bytes = (16 + random.below(16)) * kFileBlock;
  limits.spare_bytes_max = limits.segment_bytes * random.below(3);
  limits.journal_bytes = random.chance(0.5) ? 8'192 : 100'000;
  limits.tables_every_us = 50'000;
  limits.tables_at_most_every_us = 5'000;
  limits.sites_waiting = 1 + random.below(20);
  limits.piece_bytes = 200 + random.below(2000);
  return limits;
}

// The only replica of a cluster over many lives, and what it has promised.
class StoreLives {
 public:
  explicit StoreLives(std::uint64_t seed)
      : random_(seed), disk_(seed), requests_(seed), limits_(small_limits(random_)) {}

  void live() {
    ++incarnation_;
    disk_.files.shorten_writes(random_.chance(0.1));
    if (random_.chance(0.6)) disk_.files.cut_power_in(1 + random_.below(random_.chance(0.3) ? 12 : 120));
    std::optional<SimulatedReplica> life(std::in_place, disk_, incarnation_, limits_);
    const bool cut = !disk_.files.has_power();
    ASSERT_TRUE(life->store || cut) << life->refused;
    if (life->store) begin(*life);
    if (life->replica && !testing::Test::HasFatalFailure()) {
      work(*life);
      if (random_.chance(0.2) && life->failure.empty() && disk_.files.has_power()) life->close();
    }
    power_losses_ += disk_.files.has_power() ? 0 : 1;
    life.reset();
    disk_.files.set_room(~std::uint64_t{0});
    disk_.files.fail_syncs(false);
    disk_.files.refuse_opens(0);
    disk_.restart(random_.chance(0.7));
  }

  [[nodiscard]] std::uint64_t executed() const { return executed_; }
  [[nodiscard]] std::uint64_t tables_written() const { return tables_written_; }
  [[nodiscard]] std::uint64_t power_losses() const { return power_losses_; }
  [[nodiscard]] std::uint64_t failures() const { return failures_; }

 private:
  void begin(SimulatedReplica& life) {
    life.on_executed = [this](const machine::Machine& machine) { executed(machine); };
    const wire::Inventory& inventory = life.store->inventory();
    ASSERT_TRUE(inventory.whole || !bootstrapped_);
    if (!inventory.whole) {
      if (!life.bootstrap(alone(0, incarnation_))) return;
      bootstrapped_ = true;
      record_ = {0, incarnation_};
      return;
    }
    bootstrapped_ = true;  // perhaps it was on disk, and then the process ended
    if (member_) {
      EXPECT_EQ(std::ranges::count(inventory.lives, Incarnation(record_.second)), 1) << "the life of the record";
    }
    ASSERT_LE(inventory.installed.value, record_.first);
    expect_known(life.machine);
    record_ = {record_.first + 1, incarnation_};
    member_ = true;
    life.resume(alone(record_.first, incarnation_));
    const std::uint64_t promised = promised_;
    life.settle(random_);
    if (!life.failure.empty() || !disk_.files.has_power()) return;
    ASSERT_GE(life.machine.position().value, promised) << "lost what was acknowledged";
    ASSERT_LE(life.machine.position().value, submitted_) << "more than was ever asked for";
    submitted_ = life.machine.position().value;
    const Status sound = life.machine.registry().check();
    ASSERT_TRUE(sound.ok()) << sound.error().message;
  }

  void work(SimulatedReplica& life) {
    member_ = true;
    const std::uint64_t steps = random_.below(120);
    for (std::uint64_t i = 0; i < steps && life.failure.empty(); ++i) {
      if (random_.chance(0.02)) break_something();
      switch (random_.below(5)) {
        case 0: submit(life); break;
        case 1: life.turn(random_.chance(0.5)); break;
        case 2: (void)life.work(random_); break;
        case 3: life.pass(random_.between(100, 20'000)); break;
        default: life.write_tables();
      }
    }
    if (random_.chance(0.3)) life.settle(random_);
    tables_written_ += life.store->stats().tables_written;
    failures_ += life.failure.empty() ? 0 : 1;
    EXPECT_TRUE(life.said.empty()) << life.said.front();
  }

  void break_something() {
    switch (random_.below(4)) {
      case 0: disk_.files.fail_syncs(true); break;
      case 1: disk_.files.refuse_opens(1 + random_.below(3)); break;
      case 2: disk_.files.set_room(disk_.files.used() + random_.below(20'000)); break;
      default: disk_.files.set_room(~std::uint64_t{0});
    }
  }

  void submit(SimulatedReplica& life) {
    for (std::uint64_t n = 1 + random_.below(3); n > 0 && life.accepts(); --n) {
      ++submitted_;
      if (submitted_ == 1)
        life.submit(1, submitted_, machine::add_site(kMarker, "Marker"));
      else if (submitted_ % 4 == 0)
        life.submit(1, submitted_, machine::set(kMarker, submitted_));
      else
        life.submit(2 + random_.below(20), submitted_, requests_.next(submitted_, 1'700'000'000'000));
    }
  }

  // A frame is executed when it is synced, so from here on it may be answered.
  void executed(const machine::Machine& machine) {
    ++executed_;
    promised_ = std::max(promised_, machine.position().value);
    expect_known(machine);
    digests_[machine.position().value] = machine.digest();
  }
  // The state at a position is always the same.
  void expect_known(const machine::Machine& machine) {
    const std::uint64_t position = machine.position().value;
    const auto known = digests_.find(position);
    if (known != digests_.end()) {
      ASSERT_EQ(known->second, machine.digest()) << "at " << position;
    }
    if (position < 4) return;
    const auto site = machine.registry().get({.id = kMarker, .name = {}});
    ASSERT_TRUE(site.ok());
    EXPECT_EQ(site->stock.front().availability, registry::Availability::of(position / 4 * 4)) << "at " << position;
  }

  Random random_;
  SimulatedDisk disk_;
  registry::test::RandomRequests requests_;
  StoreLimits limits_;
  std::uint64_t incarnation_ = 10;
  bool bootstrapped_ = false, member_ = false;
  std::pair<std::uint64_t, std::uint64_t> record_;  // number and member
  std::uint64_t submitted_ = 0, promised_ = 0;      // requests
  std::map<std::uint64_t, std::uint64_t> digests_;  // by position, of states that were executed
  std::uint64_t executed_ = 0, tables_written_ = 0, power_losses_ = 0, failures_ = 0;
};

TEST(StoreCrash, everything_acknowledged_is_there_after_every_end_of_a_process) {
  std::uint64_t executed = 0, tables_written = 0, power_losses = 0, failures = 0;
  for (std::uint64_t seed = 1; seed <= kCrashSeeds; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    StoreLives lives(seed);
    for (int life = 0; life < kLives; ++life) {
      SCOPED_TRACE("life " + std::to_string(life));
      lives.live();
      if (HasFailure()) return;
    }
    executed += lives.executed();
    tables_written += lives.tables_written();
    power_losses += lives.power_losses();
    failures += lives.failures();
  }
  EXPECT_GT(executed, 10 * kCrashSeeds);
  EXPECT_GT(tables_written, 2 * kCrashSeeds);
  EXPECT_GT(power_losses, kCrashSeeds);
  EXPECT_GT(failures, kCrashSeeds / 4);
}

// Each turn comes later than the next piece of the scrub is due.
TEST(StoreTurns, that_are_rare_write_the_tables_nevertheless) {
  Random random(1);
  SimulatedDisk disk(1);
  SimulatedReplica life(disk, 11);
  ASSERT_TRUE(life.store) << life.refused;
  ASSERT_TRUE(life.bootstrap(alone(0, 11)));
  for (std::uint64_t batch = 1; batch <= 3; ++batch) {
    life.submit(1, batch, machine::add_site("site-" + std::to_string(batch), "Site"));
    life.settle(random);
    EXPECT_TRUE(life.write_batch(random)) << batch;
    EXPECT_EQ(life.store->stats().tables, Position(batch));
  }
}

}  // namespace
}  // namespace titer::store
