// SPDX-License-Identifier: Apache-2.0

// A test that cannot see a broken rule is worth nothing: each rule of rules.h is taken out, and the random
// schedules must notice within the stated number of seeds.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>

#include "smr/rules.h"
#include "smr/testing/schedule.h"

namespace titer::smr::testing {
namespace {

struct Mutant {
  const char* name;
  ProtocolRule rule;
  std::uint64_t seeds;  // within so many it must be found
  std::uint64_t known =
      0;  // tried first; what a seed does depends on the compiler, which orders calls among arguments
};

class Mutants : public ::testing::TestWithParam<Mutant> {};

TEST_P(Mutants, is_found) {
  const Mutant& mutant = GetParam();
  rule_disabled[static_cast<int>(mutant.rule)] = true;
  std::string found;
  std::uint64_t seed = 0;
  for (; seed <= std::max(seeds(mutant.seeds), mutant.seeds) && found.empty(); ++seed) {
    Schedule schedule(seed == 0 ? mutant.known : seed - 1);
    try {
      schedule.run();
    } catch (const std::exception& e) {
      found = schedule.plan() + ": " + e.what();
    }
  }
  rule_disabled[static_cast<int>(mutant.rule)] = false;
  ASSERT_FALSE(found.empty()) << "not found in " << seed << " seeds";
  std::printf("found by seed number %llu: %s\n", static_cast<unsigned long long>(seed), found.c_str());
}

INSTANTIATE_TEST_SUITE_P(Rules, Mutants,
                         ::testing::Values(Mutant{"clock", ProtocolRule::kClock, 100},
                                           Mutant{"stable_against_clients", ProtocolRule::kStableClients, 100},
                                           Mutant{"safe", ProtocolRule::kSafe, 100},
                                           Mutant{"reads_wait", ProtocolRule::kReadsWait, 100},
                                           Mutant{"exactly_once", ProtocolRule::kExactlyOnce, 100},
                                           Mutant{"wedge", ProtocolRule::kWedge, 500},
                                           Mutant{"top_view", ProtocolRule::kTopView, 4000},
                                           Mutant{"relay", ProtocolRule::kRelay, 100},
                                           Mutant{"install_when_all_done", ProtocolRule::kAllDone, 100},
                                           Mutant{"early", ProtocolRule::kEarly, 500},
                                           Mutant{"lease_wait", ProtocolRule::kLeaseWait, 1000, 4401},
                                           Mutant{"link_repeats", ProtocolRule::kLinkRepeats, 500}),
                         [](const auto& mutant) { return std::string(mutant.param.name); });

TEST(Mutants, none_with_all_rules_on) {
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    Schedule schedule(seed);
    EXPECT_NO_THROW(schedule.run()) << schedule.plan();
  }
}

}  // namespace
}  // namespace titer::smr::testing
