// SPDX-License-Identifier: Apache-2.0

#include "store/scrub.h"

#include <gtest/gtest.h>

#include "base/limits.h"
#include "store/tables_keys.h"
#include "store/testing/tables.h"

namespace titer::store {
namespace {

using test::Kept;
using test::Load;
using test::open_tables;
using test::options_of;
using test::TemporaryDir;

// A machine, and tables that stand where it stood after `load` ran.
struct Scrubbed {
  explicit Scrubbed(bool with_excess = false) : tables(open_tables(options_of(dir / "t"))), kept(tables) {
    load.use_keys();
    load.run(kept.machine, 3000);
    if (with_excess) load.fill_excess(kept.machine);
    const TablesBatch batch = kept.batch();
    EXPECT_EQ(tables.write(batch).end, Tables::End::kWritten);
    position = batch.head().standing.position;
  }
  [[nodiscard]] const registry::State& state() const { return kept.machine.registry(); }
  std::vector<TableRow> rows() {
    return *tables.read(*scrub.due(BootTime(now += limits::kScrubEveryUs), state().slots()));
  }

  TemporaryDir dir;
  Load load{1};
  Tables tables;
  Kept kept;
  Position position;
  Scrub scrub;
  std::int64_t now = 0;
};

TEST(Scrub, goes_over_all_sites_again_and_again_and_finds_what_the_tables_have) {
  Scrubbed s;
  while (s.scrub.stats().rounds < 2) EXPECT_EQ(s.scrub.compare(s.kept.machine, s.position, s.rows()), std::nullopt);
  EXPECT_EQ(s.scrub.stats().sites, 2 * s.state().slots());
  EXPECT_GT(s.scrub.stats().rows, 2 * s.kept.machine.sessions());
  EXPECT_EQ(s.scrub.stats().mismatches, 0U);
}

TEST(Scrub, leaves_out_what_has_changed_since) {
  Scrubbed s;
  s.load.run(s.kept.machine, 2000);
  while (s.scrub.stats().rounds < 1) EXPECT_EQ(s.scrub.compare(s.kept.machine, s.position, s.rows()), std::nullopt);
  EXPECT_LT(s.scrub.stats().sites, s.state().slots());
}

TEST(Scrub, names_a_site_of_which_a_bit_has_flipped) {
  Scrubbed s;
  std::vector<TableRow> rows = s.rows();
  ASSERT_GT(rows.size(), 3U);
  rows[3].value.back() ^= std::byte{4};
  const auto wrong = s.scrub.compare(s.kept.machine, s.position, rows);
  ASSERT_TRUE(wrong);
  EXPECT_NE(wrong->find("slot 3 (in memory: \"" + std::string(s.state().site_id(3)) + "\")"), std::string::npos)
      << *wrong;
  EXPECT_EQ(s.scrub.stats().mismatches, 1U);
}

TEST(Scrub, names_a_site_that_the_tables_lack) {
  Scrubbed s;
  std::vector<TableRow> rows = s.rows();
  rows.erase(rows.begin());
  const auto wrong = s.scrub.compare(s.kept.machine, s.position, rows);
  ASSERT_TRUE(wrong);
  EXPECT_NE(wrong->find("is not in the tables"), std::string::npos) << *wrong;
}

// One bit of a row of that table flips, on the side of the tables: the comparison does not know which side is right.
std::string found_in(RowRange::Of of) {
  Scrubbed s;
  for (int i = 0; i < 100'000; ++i) {
    const auto range = s.scrub.due(BootTime(s.now += limits::kScrubEveryUs), s.state().slots());
    std::vector<TableRow> rows = *s.tables.read(*range);
    if (range->of == of) {
      EXPECT_FALSE(rows.empty());
      rows.front().value[rows.front().value.size() / 2] ^= std::byte{1};
      return s.scrub.compare(s.kept.machine, s.position, rows).value_or("");
    }
    EXPECT_EQ(s.scrub.compare(s.kept.machine, s.position, rows), std::nullopt);
  }
  return {};
}

TEST(Scrub, names_what_differs_in_the_other_tables_too) {
  EXPECT_NE(found_in(RowRange::Of::kHistory).find("the history from position"), std::string::npos);
  EXPECT_NE(found_in(RowRange::Of::kSessions).find("the session 0000"), std::string::npos);
  EXPECT_NE(found_in(RowRange::Of::kIdempotency).find("the record of the idempotency key"), std::string::npos);
  EXPECT_NE(found_in(RowRange::Of::kAccess).find("keys and switches"), std::string::npos);
}

TEST(Scrub, goes_over_the_excess_of_a_busy_key_too) {
  Scrubbed s(true);
  std::size_t of_excess = 0;
  std::optional<std::string> wrong;
  while (!wrong && s.scrub.stats().rounds < 2) {
    const auto range = s.scrub.due(BootTime(s.now += limits::kScrubEveryUs), s.state().slots());
    std::vector<TableRow> rows = *s.tables.read(*range);
    for (TableRow& row : rows) {
      if (range->of != RowRange::Of::kHistory || lane_of_block(row.key) != registry::Lane::kExcess) continue;
      ++of_excess;
      if (s.scrub.stats().rounds == 1) row.value[row.value.size() / 2] ^= std::byte{1};
    }
    wrong = s.scrub.compare(s.kept.machine, s.position, rows);
  }
  EXPECT_GT(of_excess, 1U);
  ASSERT_TRUE(wrong);
  EXPECT_NE(wrong->find("the history from position"), std::string::npos) << *wrong;
  EXPECT_EQ(s.scrub.stats().rounds, 1U) << "the first round found nothing";
}

TEST(Scrub, takes_a_range_at_a_time_and_not_more_often_than_the_limit) {
  Scrub scrub;
  EXPECT_FALSE(scrub.due(BootTime(1), 0));
  const auto first = scrub.due(BootTime(1), limits::kScrubSites + 10);
  ASSERT_TRUE(first);
  EXPECT_EQ(first->count, limits::kScrubSites);
  EXPECT_FALSE(scrub.due(BootTime(limits::kScrubEveryUs), limits::kScrubSites + 10));
  const auto second = scrub.due(BootTime(1 + limits::kScrubEveryUs), limits::kScrubSites + 10);
  EXPECT_EQ(second->first, limits::kScrubSites);
  EXPECT_EQ(second->count, 10U);
  EXPECT_EQ(scrub.due(BootTime(1 + 2 * limits::kScrubEveryUs), limits::kScrubSites + 10)->of,
            RowRange::Of::kHistory);
}

}  // namespace
}  // namespace titer::store
