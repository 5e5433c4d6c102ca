// SPDX-License-Identifier: Apache-2.0

// The journal on a disk that fails, fills up, or does things by halves.
#include <gtest/gtest.h>

#include "store/testing/test_journal.h"

namespace titer::store {
namespace {

void wait_for_spare(const TestJournal& test) {
  while (test.journal->stats().segments_spare == 0) std::this_thread::yield();
}

// On a disk with room for two segments: writes until the second has begun and the journal has said that it is the last.
void use_up_room(TestJournal& test, std::uint64_t& seq) {
  while (test.journal->stats().segments_used < 2) test.write(frame(1, 0, ++seq));
  test.reports.wait_room(false);
}

TEST(JournalFaults, a_failed_write_ends_it_and_nothing_is_reported_or_written_after) {
  SimulatedFiles files;
  TestJournal test(files);
  test.write(frame(1, 0, 1));
  wait_for_spare(test);
  files.fail_writes(true);
  test.write(frame(1, 0, 2));
  test.reports.wait_failed();
  files.fail_writes(false);
  const auto changes = files.changes();
  for (std::uint64_t seq = 3; seq < 50; ++seq) {
    test.append(frame(1, 0, seq));
    test.journal->commit();
    test.journal->release(ViewNumber(9), {});
  }
  test.journal.reset();
  EXPECT_EQ(test.reports.synced(), 1U);
  ASSERT_EQ(test.reports.failed().size(), 1U);
  EXPECT_EQ(test.reports.failed()[0].message, "the disk refuses to write");
  EXPECT_EQ(files.changes(), changes);
}

TEST(JournalFaults, a_failed_sync_is_never_tried_again) {
  SimulatedFiles files;
  TestJournal test(files);
  test.write(frame(1, 0, 1));
  wait_for_spare(test);
  const auto syncs = files.syncs();
  files.fail_syncs(true);
  test.write(frame(1, 0, 2));
  test.reports.wait_failed();
  files.fail_syncs(false);
  test.append(frame(1, 0, 3));
  test.journal->commit();
  test.journal.reset();
  EXPECT_EQ(test.reports.synced(), 1U);
  EXPECT_EQ(test.reports.failed().size(), 1U);
  EXPECT_EQ(files.syncs(), syncs);
}

// It must not look like a full disk: a replica leaves the view for that.
TEST(JournalFaults, without_descriptors_a_new_segment_waits_and_the_disk_is_not_called_full) {
  SimulatedFiles files;
  TestJournal test(files);
  std::uint64_t seq = 0;
  test.write(frame(1, 0, ++seq));
  wait_for_spare(test);
  files.run_out_of_descriptors(true);
  // The second segment is there already; for the third one no file can be opened.
  while (test.journal->stats().segments_used < 2) test.write(frame(1, 0, ++seq));
  for (int i = 0; i < 3; ++i) {  // more than a segment
    test.append(frame(1, 0, ++seq, std::string(TestJournal::kSegment / 2, 'x')));
    test.journal->commit();
  }
  while (files.opens_refused() < 3) std::this_thread::yield();
  EXPECT_LT(test.reports.synced(), test.ticket) << "it waits";
  files.run_out_of_descriptors(false);
  test.sync();
  EXPECT_GT(test.journal->stats().segments_used, 2U);
  EXPECT_TRUE(test.reports.failed().empty());
  EXPECT_TRUE(test.reports.room().empty()) << "nobody was told of a full disk";
}

TEST(JournalFaults, writes_that_are_cut_short_or_interrupted_are_carried_on) {
  SimulatedFiles files(7);
  files.shorten_writes(true);
  {
    TestJournal test(files);
    for (std::uint64_t seq = 1; seq <= 40; ++seq) test.write(frame(1, 0, seq, std::string(seq * 300, 'a')));
    EXPECT_TRUE(test.reports.failed().empty());
  }
  EXPECT_EQ(stored(files).size(), 40U);
}

TEST(JournalFaults, a_disk_that_makes_no_progress_is_an_error) {
  class Stuck final : public File {
    Result<std::size_t> read(std::uint64_t, std::span<std::byte>) override { return std::size_t{0}; }
    Result<std::size_t> write(std::uint64_t, ByteView) override { return std::size_t{0}; }
    Status sync() override { return ok_status(); }
    Result<std::uint64_t> size() override { return std::uint64_t{0}; }
  };
  Stuck file;
  EXPECT_EQ(write_all(file, 0, Bytes(kFileBlock)).error().code, Code::kInternal);
}

TEST(JournalFaults, open_says_why_it_cannot_begin) {
  SimulatedFiles files;
  files.set_room(TestJournal::kSegment / 2);
  EXPECT_EQ(TestJournal(files).refused.code, Code::kBusy);
  files.set_room(100 * TestJournal::kSegment);
  files.fail_syncs(true);
  EXPECT_EQ(TestJournal(files).refused.message, "the disk refuses to sync");
  files.fail_syncs(false);
  EXPECT_TRUE(TestJournal(files).journal);
}

TEST(JournalFaults, a_full_disk_is_said_and_what_is_prepared_is_used) {
  SimulatedFiles files;
  files.set_room(2 * TestJournal::kSegment);
  TestJournal test(files);
  wait_for_spare(test);
  std::uint64_t seq = 0;
  use_up_room(test, seq);
  EXPECT_EQ(test.reports.room(), std::vector<bool>{false});
  for (int i = 0; i < 5; ++i) test.write(frame(1, 0, ++seq));
  EXPECT_TRUE(test.reports.failed().empty());
  EXPECT_EQ(test.reports.synced(), seq);
  while (test.reports.failed().empty()) test.write(frame(1, 0, ++seq));
  EXPECT_EQ(test.reports.failed()[0].code, Code::kBusy);
  EXPECT_NE(test.reports.failed()[0].message.find("Make room"), std::string::npos);
  test.journal.reset();
  EXPECT_EQ(stored(files).size(), test.reports.synced());
}

TEST(JournalFaults, room_is_tried_again_when_asked) {
  SimulatedFiles files;
  files.set_room(2 * TestJournal::kSegment);
  TestJournal test(files);
  wait_for_spare(test);
  std::uint64_t seq = 0;
  use_up_room(test, seq);
  test.journal->retry_room();
  while (test.reports.room().size() < 2) std::this_thread::yield();
  EXPECT_EQ(test.reports.room(), (std::vector<bool>{false, false}));
  files.set_room(100 * TestJournal::kSegment);
  test.journal->retry_room();
  test.reports.wait_room(true);
  for (int i = 0; i < 50; ++i) test.write(frame(1, 0, ++seq));
  EXPECT_TRUE(test.reports.failed().empty());
}

// The only other segment is released, and no group is written that would say so: the journal writes one itself.
TEST(JournalFaults, a_release_helps_a_journal_that_has_no_room_left) {
  SimulatedFiles files;
  files.set_room(2 * TestJournal::kSegment);
  TestJournal test(files);
  wait_for_spare(test);
  std::uint64_t seq = 0;
  use_up_room(test, seq);
  for (int rounds = 0; rounds < 20; ++rounds) {
    test.journal->release(ViewNumber(1), {{TransmitterId(0), Seq(seq)}});
    test.reports.wait_room(true);
    while (test.journal->stats().segments_used > 1) std::this_thread::yield();
    use_up_room(test, seq);
  }
  EXPECT_TRUE(test.reports.failed().empty()) << test.reports.failed()[0].message;
  EXPECT_EQ(files.paths().size(), 2U);
}

// Killed while it made its second segment: the file has its size and its zeros, but only in memory.
TEST(JournalFaults, what_a_killed_process_left_in_memory_is_synced_before_it_counts) {
  SimulatedFiles files;
  files.set_room(TestJournal::kSegment);
  {
    TestJournal test(files);
    test.reports.wait_room(false);
    files.set_room(10 * TestJournal::kSegment);
    files.hold_syncs(true);
    test.journal->retry_room();
    files.wait_for_held_sync();
    files.cut_power_in(1);
    files.hold_syncs(false);
  }
  files.restart(false);
  ASSERT_GT(files.unsynced(), 1U);
  const TestJournal again(files);
  ASSERT_TRUE(again.journal) << again.refused.message;
  EXPECT_EQ(again.journal->stats().segments_spare, 1U);
  EXPECT_EQ(files.unsynced(), 0U);
}

TEST(JournalFaults, half_a_segment_of_a_crash_is_removed) {
  SimulatedFiles files;
  { TestJournal(files).write(frame(1, 0, 1)); }
  files.overwrite("/journal/00000077.journal", Bytes(3 * kFileBlock));
  files.overwrite("/journal/notes.txt", Bytes(10));
  TestJournal test(files);
  EXPECT_EQ(test.came_back.size(), 1U);
  const auto there = [&](const char* path) {
    const auto paths = files.paths();
    return std::find(paths.begin(), paths.end(), path) != paths.end();
  };
  while (there("/journal/00000077.journal")) std::this_thread::yield();
  EXPECT_TRUE(there("/journal/notes.txt"));
}

}  // namespace
}  // namespace titer::store
