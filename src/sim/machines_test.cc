// SPDX-License-Identifier: Apache-2.0

#include "sim/machines.h"

#include <gtest/gtest.h>
#include <spdlog/spdlog.h>

#include <cstdlib>
#include <string>

#include "base/number.h"
#include "sim/sim_cell.h"

namespace titer::sim {
namespace {

std::uint64_t from_environment(const char* name, std::uint64_t otherwise) {
  const char* text = std::getenv(name);
  return text == nullptr ? otherwise : parse_number<std::uint64_t>(text).value_or(otherwise);
}

// Without the log of the registers.
class MachinesTest : public testing::Test {
 protected:
  MachinesTest() { spdlog::set_level(spdlog::level::off); }
  ~MachinesTest() override { spdlog::set_level(spdlog::level::info); }
};

// The seeds of a failure are repeated with TITER_FIRST_SEED=N TITER_SEEDS=1.
TEST_F(MachinesTest, whatever_fails_the_register_keeps_its_promises_and_all_become_members) {
  const std::uint64_t first = from_environment("TITER_FIRST_SEED", 1), count = from_environment("TITER_SEEDS", 200);
  MachinesReport sum;
  for (std::uint64_t seed = first; seed < first + count; ++seed) {
    const MachinesReport one = run_machines(seed);
    ASSERT_EQ(one.failure, "") << "seed " << seed;
    sum += one;
  }
  if (count < 100) return;
  EXPECT_GT(sum.views, count);
  EXPECT_GE(sum.bootstraps, count);
  EXPECT_GT(sum.restarts, count / 2);
  EXPECT_GT(sum.joins, count);
  EXPECT_GT(sum.refusals, 0U);
  EXPECT_GT(sum.leaves, 0U);
  EXPECT_GT(sum.blocked, 0U);
}

TEST_F(MachinesTest, a_run_is_a_function_of_its_seed) {
  for (const std::uint64_t seed : {3U, 4U}) {
    const MachinesReport one = run_machines(seed), again = run_machines(seed);
    EXPECT_EQ(one.views, again.views);
    EXPECT_EQ(one.acknowledged, again.acknowledged);
    EXPECT_EQ(one.joins, again.joins);
  }
}

TEST(SimCell, of_two_replacements_of_one_revision_one_happens) {
  SimCell cell(1, "a");
  const std::int64_t revision = cell.read().value->revision;
  EXPECT_TRUE(cell.replace(revision, "b"));
  EXPECT_FALSE(cell.replace(revision, "c"));
  EXPECT_EQ(cell.read().value->text, "b");
}

TEST(SimCell, one_that_has_gone_back_is_what_it_was_until_it_is_brought_back) {
  SimCell cell(1, "a");
  ASSERT_TRUE(cell.replace(cell.read().value->revision, "b"));
  const view::CellState newest = cell.read();
  cell.go_back(1, false);
  EXPECT_EQ(cell.read().value->text, "a");
  EXPECT_NE(cell.read().etcd, newest.etcd);
  EXPECT_LT(cell.read().revision, newest.revision);
  cell.bring_back();
  EXPECT_EQ(cell.read().value->text, "b");
  EXPECT_EQ(cell.read().etcd, newest.etcd);
}

}  // namespace
}  // namespace titer::sim
