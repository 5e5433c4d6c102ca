// SPDX-License-Identifier: Apache-2.0

// Random schedules of whole clusters (testing/schedule.h). A seed that fails is printed; run it alone with
// TITER_FIRST_SEED=<seed> TITER_SEEDS=1.
#include "smr/testing/schedule.h"

#include <gtest/gtest.h>

#include <cstdio>

namespace titer::smr::testing {
namespace {

TEST(Schedule, every_promise_holds_in_random_histories) {
  Stats total;
  for (std::uint64_t seed = first_seed(), end = seed + seeds(1500); seed < end; ++seed) {
    Schedule schedule(seed);
    try {
      schedule.run();
    } catch (const std::exception& e) {
      FAIL() << schedule.plan() << ": " << e.what();
    }
    total += schedule.stats();
  }
  std::printf("%s\n", total.text().c_str());
}

TEST(Schedule, the_same_seed_gives_the_same_history) {
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    Schedule first(seed);
    Schedule second(seed);
    first.run();
    second.run();
    EXPECT_EQ(first.digest(), second.digest()) << "seed " << seed;
    EXPECT_EQ(first.stats().text(), second.stats().text()) << "seed " << seed;
  }
}

}  // namespace
}  // namespace titer::smr::testing
