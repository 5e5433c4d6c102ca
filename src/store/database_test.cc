// SPDX-License-Identifier: Apache-2.0

// The contract of Database, held by RocksDB and by the simulated one.
#include "store/database.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>

#include "base/random.h"
#include "store/rocks_database.h"
#include "store/simulated/simulated_disk.h"
#include "store/testing/tables.h"

namespace titer::store {
namespace {

class AnyDatabase : public testing::TestWithParam<bool> {
 protected:
  AnyDatabase() {
    const Status made = real_files().create_dir(dir / "rocks");
    EXPECT_TRUE(made.ok());
  }
  [[nodiscard]] Databases& databases() { return GetParam() ? rocks_databases() : disk.databases; }
  [[nodiscard]] DatabaseOptions options() const { return {GetParam() ? dir / "rocks" : "/d"}; }
  [[nodiscard]] std::unique_ptr<Database> open() {
    auto database = databases().open(options());
    EXPECT_TRUE(database.ok()) << test::error_of(database);
    return std::move(*database);
  }
  static void put(RowBatch& batch, std::string_view key, std::string_view value, Family family = kSites) {
    batch.put(family, as_bytes(key), as_bytes(value));
  }
  static void write(Database& database, const RowBatch& batch) {
    const Database::Ended ended = database.write(batch);
    EXPECT_EQ(ended.end, Database::End::kWritten) << ended.error.message;
  }
  static std::string rows(const Database& database, std::string_view from = "", std::size_t max = 100) {
    std::string out;
    const Status read = database.each(kSites, as_bytes(from), [&](ByteView key, ByteView value) {
      out += std::string(as_text(key)) + "=" + std::string(as_text(value)) + " ";
      return --max > 0;
    });
    EXPECT_TRUE(read.ok());
    return out;
  }

  const test::TemporaryDir dir;
  SimulatedDisk disk{1};
};

INSTANTIATE_TEST_SUITE_P(Database, AnyDatabase, testing::Bool(),
                         [](const auto& is_rocks) { return is_rocks.param ? "rocks" : "simulated"; });

TEST_P(AnyDatabase, gives_rows_in_the_order_of_keys_and_changes_in_theirs) {
  const auto database = open();
  const auto batch = database->batch(0);
  put(*batch, "b", "1");
  put(*batch, "a", "2");
  put(*batch, "c", "3");
  put(*batch, "b", "4");
  put(*batch, "d", "5");
  batch->remove(kSites, as_bytes("d"));
  put(*batch, "a", "elsewhere", kHistory);
  EXPECT_EQ(rows(*database), "") << "before it is written";
  write(*database, *batch);
  EXPECT_EQ(rows(*database), "a=2 b=4 c=3 ");
  EXPECT_EQ(rows(*database, "aa"), "b=4 c=3 ");
  EXPECT_EQ(rows(*database, "", 2), "a=2 b=4 ");
  EXPECT_GE(batch->bytes(), 10U);
}

TEST_P(AnyDatabase, removes_a_range_without_its_end) {
  const auto database = open();
  const auto batch = database->batch(0);
  for (const char* key : {"a", "b", "c", "d"}) put(*batch, key, key);
  batch->remove_range(kSites, as_bytes("b"), as_bytes("d"));
  put(*batch, "c", "after it");
  batch->remove_range(kSites, as_bytes("a"), as_bytes("a"));
  write(*database, *batch);
  EXPECT_EQ(rows(*database), "a=a c=after it d=d ");
}

TEST_P(AnyDatabase, has_what_was_written_when_it_is_opened_again) {
  {
    const auto database = open();
    const auto batch = database->batch(0);
    put(*batch, "a", "1", kMeta);
    write(*database, *batch);
    EXPECT_FALSE(database->get(kMeta, as_bytes("b"))->has_value());
    EXPECT_FALSE(database->get(kSites, as_bytes("a"))->has_value());
  }
  const auto database = open();
  EXPECT_EQ(as_text(**database->get(kMeta, as_bytes("a"))), "1");
  EXPECT_TRUE(database->verify().ok());
}

TEST_P(AnyDatabase, that_is_missing_is_not_made_by_a_reader) {
  DatabaseOptions missing = options();
  missing.read_only = true;
  const auto opened = databases().open(missing);
  ASSERT_FALSE(opened.ok());
  EXPECT_EQ(opened.error().code, Code::kNotFound);
  EXPECT_NE(opened.error().message.find("there are no tables in"), std::string::npos);
}

TEST_P(AnyDatabase, is_like_a_map) {
  Random random(7);
  std::map<std::string, std::string> model;
  auto database = open();
  const auto key = [&] { return std::string(1, static_cast<char>('a' + random.below(12))); };
  for (int round = 0; round < 40; ++round) {
    const auto batch = database->batch(0);
    for (std::uint64_t n = random.below(8); n > 0; --n) {
      const std::string one = key(), other = key();
      switch (random.below(4)) {
        case 0: {
          batch->remove(kSites, as_bytes(one));
          model.erase(one);
          break;
        }
        case 1: {
          const auto [first, end] = std::minmax(one, other);
          batch->remove_range(kSites, as_bytes(first), as_bytes(end));
          model.erase(model.lower_bound(first), model.lower_bound(end));
          break;
        }
        default: {
          put(*batch, one, other + one);
          model[one] = other + one;
        }
      }
    }
    write(*database, *batch);
    std::string expected;
    for (const auto& [k, v] : model) expected += k + "=" + v + " ";
    ASSERT_EQ(rows(*database), expected) << "round " << round;
    if (random.chance(0.1)) {
      database.reset();
      database = open();
    }
  }
}

// --- the simulated one alone

TEST(SimulatedDatabase, has_a_batch_that_was_cut_short_as_a_whole_or_not_at_all) {
  std::uint64_t there = 0, cut = 0;
  for (std::uint64_t seed = 1; seed <= 100; ++seed) {
    SimulatedDisk disk(seed);
    {
      auto database = disk.databases.open({"/d"});
      const auto batch = (*database)->batch(0);
      for (const char* key : {"a", "b"}) batch->put(kSites, as_bytes(key), as_bytes("1"));
      disk.files.cut_power_in(1 + seed % 3);
      cut += (*database)->write(*batch).end == Database::End::kFailed ? 1 : 0;
      EXPECT_EQ((*database)->write(*batch).end, Database::End::kFailed) << "the power is gone by now";
    }
    disk.restart(true);
    auto database = disk.databases.open({"/d"});
    std::size_t rows = 0;
    EXPECT_TRUE((*database)->each(kSites, {}, [&](ByteView, ByteView) { return ++rows > 0; }).ok());
    EXPECT_TRUE(rows == 0 || rows == 2) << rows;
    EXPECT_TRUE(rows == 2 || seed % 3 != 2) << "it was reported";
    there += rows / 2;
  }
  EXPECT_GT(cut, 60U);
  EXPECT_GT(there, 40U);
  EXPECT_LT(there, 90U);
}

TEST(SimulatedDatabase, refuses_a_batch_for_want_of_room_and_takes_it_later) {
  SimulatedDisk disk(1);
  auto database = disk.databases.open({"/d"});
  const auto batch = (*database)->batch(0);
  batch->put(kSites, as_bytes("a"), Bytes(1000));
  disk.files.set_room(500);
  EXPECT_EQ((*database)->write(*batch).end, Database::End::kNoSpace);
  disk.files.set_room(5000);
  EXPECT_EQ((*database)->write(*batch).end, Database::End::kWritten);
}

TEST(SimulatedDatabase, reads_no_damaged_row_and_is_well_again_when_that_is_written) {
  SimulatedDisk disk(1);
  auto database = disk.databases.open({"/d"});
  const auto batch = (*database)->batch(0);
  batch->put(kSites, as_bytes("a"), as_bytes("1"));
  ASSERT_EQ((*database)->write(*batch).end, Database::End::kWritten);
  ASSERT_TRUE(disk.databases.damage("/d"));
  EXPECT_FALSE((*database)->get(kSites, as_bytes("a")).ok());
  EXPECT_FALSE((*database)->each(kSites, {}, [](ByteView, ByteView) { return true; }).ok());
  EXPECT_FALSE((*database)->verify().ok());
  ASSERT_EQ((*database)->write(*batch).end, Database::End::kWritten);
  EXPECT_TRUE((*database)->get(kSites, as_bytes("a")).ok());
}

}  // namespace
}  // namespace titer::store
