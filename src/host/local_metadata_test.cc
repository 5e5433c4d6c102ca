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

TEST_F(NotesTest, a_directory_that_is_not_there_is_made) {
  const auto metadata_store = LocalMetadataStore::open(dir);
  ASSERT_TRUE(metadata_store.ok());
  EXPECT_TRUE(std::filesystem::is_directory(dir));
}

TEST_F(NotesTest, a_note_that_cannot_be_written_is_an_error_and_what_counts_is_what_was_written_before) {
  auto metadata_store = LocalMetadataStore::open(dir);
  ASSERT_TRUE(metadata_store.ok());
  ASSERT_TRUE(metadata_store->write(written()).ok());
  std::filesystem::remove_all(dir);
  LocalMetadata later = written();
  later.exclusions = 9;
  EXPECT_FALSE(metadata_store->write(later).ok());
  EXPECT_EQ(metadata_store->get().exclusions, 3U);
}

TEST_F(NotesTest, in_memory_it_is_kept_as_long_as_the_process_runs) {
  auto metadata_store = LocalMetadataStore::open("");
  ASSERT_TRUE(metadata_store.ok());
  ASSERT_TRUE(metadata_store->write(written()).ok());
  EXPECT_EQ(metadata_store->get().seen, written().seen);
  EXPECT_EQ(LocalMetadataStore::open("")->get().seen, view::Authority());
}

// One that cannot bootstrap, again and again, does not fill its disk; the last attempts are those that may have succeeded.
TEST_F(NotesTest, only_the_last_attempts_to_bootstrap_are_kept) {
  auto metadata_store = LocalMetadataStore::open(dir);
  ASSERT_TRUE(metadata_store.ok());
  LocalMetadata many;
  for (std::uint64_t i = 1; i <= 70; ++i) many.bootstrap_attempts.emplace_back(i);
  ASSERT_TRUE(metadata_store->write(many).ok());
  const auto again = LocalMetadataStore::open(dir);
  ASSERT_TRUE(again.ok());
  ASSERT_EQ(again->get().bootstrap_attempts.size(), 64U);
  EXPECT_EQ(again->get().bootstrap_attempts.front(), Incarnation(7));
  EXPECT_EQ(again->get().bootstrap_attempts.back(), Incarnation(70));
}

TEST_F(NotesTest, a_file_that_was_cut_off_is_an_error) {
  ASSERT_TRUE(LocalMetadataStore::open(dir)->write(written()).ok());
  for (const std::uintmax_t size : {0U, 10U, 40U}) {
    std::filesystem::resize_file(dir + "/host", size);
    const auto opened = LocalMetadataStore::open(dir);
    ASSERT_FALSE(opened.ok()) << size;
    EXPECT_NE(opened.error().message.find(dir + "/host"), std::string::npos) << opened.error().message;
  }
}

}  // namespace
}  // namespace titer::host
