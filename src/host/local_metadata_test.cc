// SPDX-License-Identifier: Apache-2.0

#include "host/local_metadata.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>

namespace titer::host {
namespace {

struct NotesTest : testing::Test {
  NotesTest() { std::filesystem::remove_all(dir); }
  ~NotesTest() override { std::filesystem::remove_all(dir); }
  std::string dir =
      testing::TempDir() + "titer-notes-" + testing::UnitTest::GetInstance()->current_test_info()->name();
};

LocalMetadata written() {
  LocalMetadata metadata;
  metadata.seen = {0xabc, 12, ViewNumber(7), 0x77, 1};
  metadata.bootstrap_attempts = {Incarnation(5), Incarnation(6)};
  metadata.exclusions = 3;
  return metadata;
}

TEST_F(NotesTest, what_was_written_is_there_after_a_restart) {
  {
    auto metadata_store = LocalMetadataStore::open(dir);
    ASSERT_TRUE(metadata_store.ok()) << metadata_store.error().message;
    EXPECT_EQ(metadata_store->get().seen, view::Authority());
    ASSERT_TRUE(metadata_store->write(written()).ok());
  }
  const auto metadata_store = LocalMetadataStore::open(dir);
  ASSERT_TRUE(metadata_store.ok()) << metadata_store.error().message;
  EXPECT_EQ(metadata_store->get().seen, written().seen);
  EXPECT_EQ(metadata_store->get().bootstrap_attempts, written().bootstrap_attempts);
  EXPECT_EQ(metadata_store->get().exclusions, 3U);
}

TEST_F(NotesTest, a_damaged_file_is_an_error_and_not_a_fresh_start) {
  ASSERT_TRUE(LocalMetadataStore::open(dir)->write(written()).ok());
  std::fstream(dir + "/host", std::ios::in | std::ios::out | std::ios::binary).seekp(30).put('\x7f');
  EXPECT_FALSE(LocalMetadataStore::open(dir).ok());
}

TEST_F(NotesTest, who_was_excluded_again_and_again_waits_longer_up_to_a_minute) {
  auto metadata_store = LocalMetadataStore::open("");
  ASSERT_TRUE(metadata_store.ok());
  EXPECT_EQ(metadata_store->joins_after_us(), 0);
  for (const auto& [times, seconds] :
       {std::pair(1U, 1), std::pair(2U, 2), std::pair(4U, 8), std::pair(7U, 60), std::pair(1000U, 60)}) {
    LocalMetadata metadata;
    metadata.exclusions = times;
    ASSERT_TRUE(metadata_store->write(metadata).ok());
    EXPECT_EQ(metadata_store->joins_after_us(), seconds * 1'000'000) << times;
  }
}

}  // namespace
}  // namespace titer::host
