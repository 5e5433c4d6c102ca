// SPDX-License-Identifier: Apache-2.0

// A disk that went back to an older state, was copied, or has one flipped bit: a start refuses it, or says something by which the
// register recognizes it, or has everything. It never has less without a word.
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

constexpr std::uint64_t kOldDiskSeeds = 100;

StoreLimits old_disk_limits() {
  StoreLimits limits;
  limits.segment_bytes = 16 * kFileBlock;
  limits.spare_bytes_max = 16 * kFileBlock;
  return limits;
}

// The only replica of a cluster, whose every request is acknowledged before the next one.
class History {
 public:
  explicit History(std::uint64_t seed) : random(seed), disk(seed), requests_(seed) {}

  // A process that serves this many requests. `meanwhile` is called after some of them.
  void live(int requests, double batches = 0.2, const std::function<void(SimulatedReplica&)>& meanwhile = nullptr) {
    SimulatedReplica life(disk, ++incarnation, old_disk_limits());
    ASSERT_TRUE(life.store) << life.refused;
    life.on_executed = [this](const machine::Machine& machine) {
      digests_[machine.position().value] = machine.digest();
    };
    if (incarnation == 11) {
      ASSERT_TRUE(life.bootstrap(alone(0, incarnation)));
    } else {
      ASSERT_TRUE(can_resume(life.store->inventory()));
      life.resume(alone(++number, incarnation));
    }
    member = incarnation;
    life.settle(random);
    for (int i = 0; i < requests; ++i) {
      before_last = life.machine.position();
      ++asked_;
      life.submit(1 + random.below(20), asked_, requests_.next(asked_, 1'700'000'000'000));
      life.settle(random);
      if (random.chance(batches)) {
        EXPECT_TRUE(life.write_batch(random));
      }
      if (meanwhile && random.chance(0.3)) meanwhile(life);
    }
    acknowledged = life.machine.position();
    mark = {life.store->installed(), life.store->stats().tables};
  }

  // What the register asks of a disk (docs/explanation/protocol.md §7, rule 5).
  [[nodiscard]] bool can_resume(const wire::Inventory& inventory) const {
    return inventory.whole && std::ranges::count(inventory.lives, Incarnation(member)) > 0;
  }
  [[nodiscard]] bool below_mark(const wire::Inventory& inventory) const {
    return std::pair(inventory.installed, inventory.position) < mark;
  }
  // A disk that resumes has the state of its position, and everything that was acknowledged up to here.
  void expect_right_if_it_resumes(Position at_least) {
    SimulatedReplica life(disk, incarnation + 1, old_disk_limits());
    if (!life.store) return expect_says_why(life.refused);
    if (!can_resume(life.store->inventory()) || below_mark(life.store->inventory())) return;
    life.resume(alone(number + 1, incarnation + 1));
    life.settle(random);
    const auto known = digests_.find(life.machine.position().value);
    ASSERT_TRUE(known != digests_.end()) << life.machine.position().value;
    EXPECT_EQ(known->second, life.machine.digest());
    EXPECT_GE(life.machine.position(), at_least);
    ++resumed;
  }
  void expect_says_why(const std::string& refusal) {
    ++refused;
    const bool says =
        refusal.find("amaged") != std::string::npos || refusal.find("belongs to") != std::string::npos ||
        refusal.find("mixed up") != std::string::npos || refusal.find("does not continue") != std::string::npos ||
        refusal.find("version of titer") != std::string::npos;
    EXPECT_TRUE(says) << refusal;
  }

  Random random;
  SimulatedDisk disk;
  std::uint64_t incarnation = 10, number = 0, member = 0;
  Position acknowledged, before_last;    // at the end of the newest life, and before its last request
  std::pair<ViewNumber, Position> mark;  // that the register had at the end of it
  std::uint64_t resumed = 0, refused = 0;

 private:
  registry::test::RandomRequests requests_;
  std::uint64_t asked_ = 0;
  std::map<std::uint64_t, std::uint64_t> digests_;  // by position
};

TEST(StoreOldDisks, one_of_before_a_restart_lacks_the_life_that_the_register_has) {
  for (std::uint64_t seed = 1; seed <= kOldDiskSeeds; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    History history(seed);
    history.live(5);
    const SimulatedDisk::Image old = history.disk.image();
    for (std::uint64_t lives = 1 + history.random.below(3); lives > 0; --lives) history.live(3);
    if (HasFatalFailure()) return;
    history.disk.put(old);
    const SimulatedReplica life(history.disk, history.incarnation + 1, old_disk_limits());
    ASSERT_TRUE(life.store) << life.refused;
    EXPECT_TRUE(life.store->inventory().whole) << "it looks intact";
    EXPECT_FALSE(history.can_resume(life.store->inventory()));
  }
}

TEST(StoreOldDisks, one_of_the_same_life_is_below_the_mark_that_was_made_since) {
  std::uint64_t found = 0;
  for (std::uint64_t seed = 1; seed <= kOldDiskSeeds; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    History history(seed);
    history.live(3);
    std::optional<SimulatedDisk::Image> old;
    std::pair<ViewNumber, Position> then;
    history.live(20, 0.3, [&](SimulatedReplica& life) {
      if (old) return;
      old = history.disk.image();
      then = {life.store->installed(), life.store->stats().tables};
    });
    if (HasFatalFailure()) return;
    if (!old || then == history.mark) continue;
    history.disk.put(*old);
    const SimulatedReplica life(history.disk, history.incarnation + 1, old_disk_limits());
    ASSERT_TRUE(life.store) << life.refused;
    EXPECT_TRUE(history.below_mark(life.store->inventory()));
    ++found;
  }
  EXPECT_GT(found, kOldDiskSeeds / 4);
}

// Only the tables went back, or only the journal, or only whose it is.
TEST(StoreOldDisks, parts_that_went_back_are_refused_or_make_no_difference) {
  std::uint64_t resumed = 0, refused = 0;
  for (std::uint64_t seed = 1; seed <= 3 * kOldDiskSeeds; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    History history(seed);
    history.live(6, 0.3);
    const SimulatedDisk::Image old = history.disk.image();
    history.live(6, 0.3);
    history.live(6, 0.3);
    if (HasFatalFailure()) return;
    SimulatedDisk::Image now = history.disk.image();
    const std::uint64_t part = seed % 3;
    const std::string prefix = part == 0 ? "/data/tables/" : part == 1 ? "/data/journal/" : "/data/identity";
    std::erase_if(now.files.files, [&](const auto& file) { return file.first.starts_with(prefix); });
    for (const auto& file : old.files.files)
      if (file.first.starts_with(prefix)) now.files.files.insert(file);
    if (part == 0) now.databases = old.databases;
    history.disk.put(now);
    history.expect_right_if_it_resumes(history.acknowledged);
    resumed += history.resumed;
    refused += history.refused;
  }
  EXPECT_GT(refused, kOldDiskSeeds / 2);
  EXPECT_GT(resumed, 0U) << "the journal often has all that older tables lack";
}

TEST(StoreOldDisks, a_copy_is_refused_by_another_replica_and_by_another_cluster) {
  History history(1);
  history.live(10);
  const SimulatedDisk::Image image = history.disk.image();
  const auto refusal = [&](std::uint64_t cluster, ReplicaId me,
                           const std::function<bool(std::string_view)>& takes) {
    SimulatedDisk other(2);
    SimulatedDisk::Image part = image;
    std::erase_if(part.files.files, [&](const auto& file) { return !takes(file.first); });
    if (!takes("/data/tables/")) part.databases.clear();
    other.put(part);
    SimulatedProcess process(other);
    machine::Machine machine;
    StoreEvents events;
    events.post = [](const std::function<void()>&) {};
    const auto opened = Store::open({test::kDir, cluster, me, Incarnation(50), {}, 256, old_disk_limits()}, events,
                                    machine, nullptr, process.environment());
    return opened.ok() ? std::string("opened") : opened.error().message;
  };
  const auto all = [](std::string_view) { return true; };
  const auto tables = [](std::string_view path) { return path.starts_with("/data/tables"); };
  const auto journal = [](std::string_view path) { return path.starts_with("/data/journal"); };
  EXPECT_NE(refusal(test::kCluster, ReplicaId(1), all).find("is of replica 0, this is replica 1"),
            std::string::npos);
  EXPECT_NE(refusal(0xC2, test::kMe, all).find("belongs to cluster"), std::string::npos);
  EXPECT_NE(refusal(test::kCluster, ReplicaId(1), tables).find("are those of replica 0"), std::string::npos);
  EXPECT_NE(refusal(0xC2, test::kMe, tables).find("belong to the cluster"), std::string::npos);
  EXPECT_NE(refusal(test::kCluster, ReplicaId(1), journal).find("belongs to replica 0"), std::string::npos);
  EXPECT_NE(refusal(0xC2, test::kMe, journal).find("belongs to replica 0"), std::string::npos);
}

// The last group of the journal cannot be told from a torn one (journal_reader.h).
TEST(StoreFlippedBit, is_refused_or_makes_no_difference_but_to_the_last_group) {
  std::uint64_t resumed = 0, refused = 0;
  for (std::uint64_t seed = 1; seed <= 10 * kOldDiskSeeds; ++seed) {
    History history(seed);
    history.live(4, 0.3);
    history.live(static_cast<int>(history.random.below(12)), 0.3);
    if (HasFatalFailure()) return;
    const std::string where = history.disk.flip_bit();
    SCOPED_TRACE("seed " + std::to_string(seed) + ": " + where);
    history.expect_right_if_it_resumes(history.before_last);
    if (HasFailure()) return;
    resumed += history.resumed;
    refused += history.refused;
  }
  EXPECT_GT(refused, 2 * kOldDiskSeeds);
  EXPECT_GT(resumed, kOldDiskSeeds);
}

// `titer verify` and a start agree about a disk that nobody has damaged.
TEST(StoreInspection, of_a_disk_after_a_power_loss_shows_what_a_start_begins_with) {
  for (std::uint64_t seed = 1; seed <= kOldDiskSeeds; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    History history(seed);
    history.live(8);
    if (HasFatalFailure()) return;
    history.disk.restart(true);
    const SimulatedProcess looks(history.disk);
    const auto found = inspect(test::kDir, looks.environment());
    ASSERT_TRUE(found.ok()) << found.error().message;
    EXPECT_EQ(found->reach, history.acknowledged);
    const SimulatedReplica life(history.disk, history.incarnation + 1, old_disk_limits());
    ASSERT_TRUE(life.store) << life.refused;
    EXPECT_EQ(found->inventory.position, life.store->inventory().position);
    EXPECT_EQ(found->inventory.lives, life.store->inventory().lives);
    EXPECT_EQ(found->digest, life.machine.digest());
  }
}

}  // namespace
}  // namespace titer::store
