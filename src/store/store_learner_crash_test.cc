// SPDX-License-Identifier: Apache-2.0

// A learner's disk at every moment at which its process may end: it is a member's from when the line of its view is there, with
// exactly the final state, and never before.
#include <gtest/gtest.h>

#include <deque>
#include <optional>

#include "registry/random_requests.h"
#include "store/testing/simulated_replica.h"

namespace titer::store {
namespace {

using test::alone;
using test::kCluster;
using test::kDir;
using test::kMe;
using test::SimulatedReplica;

constexpr std::uint64_t kLearnerSeeds = 1000;
constexpr std::uint64_t kLearner = 50;  // its incarnation; the views that it joins have it

// The process of a learner, whose state comes from a donor that executes.
class Learner {
 public:
  Learner(SimulatedDisk& disk, Random& random, const StoreLimits& limits)
      : random_(random), process_(disk), requests_(random.next()) {
    StoreOptions options{kDir, kCluster, kMe, Incarnation(kLearner)};
    options.limits = limits;
    StoreEvents events;
    events.post = [this](std::function<void()> work) { posts_.push_back(std::move(work)); };
    events.persisted = [](std::uint64_t) {};
    events.failed = [this](const std::string&) { failed_ = true; };
    events.room = [](bool) {};
    auto opened = Store::open(options, events, machine, nullptr, process_.environment());
    if (opened) store = std::move(opened).value();
  }
  ~Learner() {
    process_.workers.end();
    store.reset();
  }
  Learner(const Learner&) = delete;
  Learner& operator=(const Learner&) = delete;

  void receive() {
    for (std::uint64_t n = 1 + random_.below(10); n > 0; --n) {
      ++asked_;
      frames_.add(1 + random_.below(5), asked_, requests_.next(asked_, 1'700'000'000'000));
    }
    machine.execute(frames_.frame(), nullptr);
  }
  void write_tables() {
    now_ = BootTime(now_.value + random_.between(0, 20'000));
    (void)store->write_tables(now_, machine, replica_);
  }
  // The flush of the next view gives the final state.
  void join() {
    receive();
    ++view_;
    store->joined(machine, ViewNumber(view_), LamportTime(100 + view_), [this, of = view_] { in_ = of; });
  }
  // That view is installed.
  void install() {
    if (installed_ || !in_ || *in_ != view_) return;
    installed_ = true;
    final_digest = machine.digest();
    store->persist({{++ticket_, smr::Installed{alone(view_, kLearner), {}}}});
    store->commit(now_, true);
  }
  void hear() {
    if (posts_.empty()) return;
    const auto next = std::move(posts_.front());
    posts_.pop_front();
    next();
  }
  bool work() {
    const auto waiting = process_.workers.woken();
    return !waiting.empty() && process_.workers.run(waiting[random_.below(waiting.size())]);
  }
  void settle() {
    while (work() || !posts_.empty()) hear();
  }
  void step() {
    switch (random_.below(installed_ ? 2 : 6)) {
      case 0: hear(); break;
      case 1: (void)work(); break;
      case 2:
        if (view_ == kFirst) receive();
        break;
      case 3: write_tables(); break;
      case 4:
        if (random_.chance(0.2)) join();
        break;
      default: install();
    }
  }
  [[nodiscard]] bool installed() const { return installed_; }
  [[nodiscard]] bool failed() const { return failed_; }

  machine::Machine machine;
  std::unique_ptr<Store> store;
  std::optional<std::uint64_t> final_digest;  // of the state with which a view was installed

 private:
  static constexpr std::uint64_t kFirst = 4;

  Random& random_;
  SimulatedProcess process_;
  registry::test::RandomRequests requests_;
  machine::FrameMaker frames_;
  smr::Replica replica_{{.me = kMe, .incarnation = Incarnation(kLearner), .durable = true}, alone(3, 49)};
  std::deque<std::function<void()>> posts_;
  BootTime now_{1'000'000'000};
  std::uint64_t asked_ = 0, ticket_ = 0, view_ = kFirst;
  std::optional<std::uint64_t> in_;  // the newest view whose final state is on disk
  bool installed_ = false, failed_ = false;
};

StoreLimits learner_limits(Random& random) {
  StoreLimits limits;
  limits.segment_bytes = 16 * kFileBlock;
  limits.tables_every_us = 20'000;
  limits.tables_at_most_every_us = 5'000;
  limits.sites_learned = 1 + random.below(10);
  limits.learned_piece_bytes = 100 + random.below(1000);
  return limits;
}

// What a start finds.
struct Found {
  wire::Inventory inventory;
  std::uint64_t digest = 0;
};
std::optional<Found> look(SimulatedDisk& disk, std::uint64_t incarnation, const StoreLimits& limits) {
  const SimulatedReplica life(disk, incarnation, limits);
  EXPECT_TRUE(life.store) << life.refused;
  if (!life.store) return std::nullopt;
  return Found{life.store->inventory(), life.machine.digest()};
}

TEST(StoreLearnerCrash, makes_a_member_s_disk_of_the_final_state_with_the_line_of_its_view_and_of_nothing_else) {
  std::uint64_t whole = 0, partial = 0;
  for (std::uint64_t seed = 1; seed <= kLearnerSeeds; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Random random(seed);
    SimulatedDisk disk(seed);
    const StoreLimits limits = learner_limits(random);
    if (random.chance(0.5)) {  // it was a member once
      SimulatedReplica member(disk, 11, limits);
      ASSERT_TRUE(member.store && member.bootstrap(alone(0, 11)));
      if (random.chance(0.5)) member.settle(random);
    }
    disk.restart(false);
    std::optional<Learner> learner(std::in_place, disk, random, limits);
    ASSERT_TRUE(learner->store);
    if (random.chance(0.8)) disk.files.cut_power_in(1 + random.below(60));
    const bool learns = learner->store->learn().ok();
    const std::uint64_t steps = random.below(150);
    for (std::uint64_t i = 0; learns && i < steps && !learner->failed(); ++i) learner->step();
    if (learns && random.chance(0.3)) learner->settle();
    const bool durable = learns && learner->store->has_durable_state();
    const bool installed = learner->installed();
    const std::optional<std::uint64_t> digest = learner->final_digest;
    learner.reset();
    disk.restart(random.chance(0.7));

    const std::optional<Found> found = look(disk, kLearner + 1, limits);
    if (!found) return;
    const bool is_whole = found->inventory.whole && found->inventory.installed > ViewNumber(0);
    EXPECT_TRUE(is_whole || !durable) << "it said that it was a member's";
    if (is_whole) {
      ++whole;
      ASSERT_TRUE(installed) << "without the line of a view";
      EXPECT_EQ(found->digest, *digest);
      EXPECT_EQ(found->inventory.lives, std::vector{Incarnation(kLearner)});
    } else if (learns) {
      ++partial;
      EXPECT_EQ(std::ranges::count(found->inventory.lives, Incarnation(kLearner)), 0)
          << "no life of a learner counts";
      EXPECT_TRUE(!found->inventory.whole || found->inventory.lives == std::vector{Incarnation(11)});
    }
    if (HasFailure()) return;
  }
  EXPECT_GT(whole, kLearnerSeeds / 20);
  EXPECT_GT(partial, kLearnerSeeds / 20);
}

TEST(StoreLearnerCrash, a_disk_that_cannot_be_emptied_has_failed) {
  Random random(1);
  SimulatedDisk disk(1);
  Learner learner(disk, random, learner_limits(random));
  ASSERT_TRUE(learner.store && learner.store->learn().ok());
  disk.files.cut_power_in(1);
  learner.store->start_over();
  EXPECT_TRUE(learner.failed());
}

TEST(StoreDirectory, a_member_whose_directory_is_removed_acknowledges_nothing_more) {
  SimulatedDisk disk(1);
  SimulatedReplica member(disk, 11);
  ASSERT_TRUE(member.store && member.bootstrap(alone(0, 11)));
  member.write_tables();
  EXPECT_EQ(member.failure, "");
  ASSERT_TRUE(disk.files.remove(std::string(kDir) + "/identity"));
  member.pass(1'000'000);
  member.write_tables();
  EXPECT_EQ(member.failure, "") << "the loop does not wait for a disk that may hang";
  Random random(1);
  member.settle(random);
  EXPECT_NE(member.failure.find("was removed"), std::string::npos);
}

}  // namespace
}  // namespace titer::store
