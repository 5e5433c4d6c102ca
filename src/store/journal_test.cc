// SPDX-License-Identifier: Apache-2.0

// The journal as its owner sees it, on a disk that works.
#include "store/journal.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "store/testing/test_journal.h"

namespace titer::store {
namespace {

TEST(Journal, an_empty_directory_becomes_a_journal) {
  SimulatedFiles files;
  EXPECT_TRUE(TestJournal(files).came_back.empty());
  TestJournal again(files);
  ASSERT_TRUE(again.journal) << again.refused.message;
  EXPECT_TRUE(again.came_back.empty());
}

TEST(Journal, records_come_back_in_the_order_in_which_they_were_appended) {
  SimulatedFiles files;
  const std::vector<TestRecord> records{install(3), frame(3, 1, 1, "one"), frame(3, 0, 1, ""),
                                        frame(3, 1, 2, std::string(9000, 'x')), frame(3, kDirectClientBit | 7, 1)};
  {
    TestJournal test(files);
    for (const TestRecord& record : records) test.append(record);
    test.sync();
    EXPECT_EQ(test.reports.synced(), 5U);
    EXPECT_EQ(test.journal->uncommitted(), 0U);
  }
  TestJournal again(files);
  EXPECT_EQ(again.came_back, records);
  EXPECT_EQ(again.journal->contents().records, 5U);
  EXPECT_EQ(again.journal->contents().groups, 1U);
  EXPECT_EQ(again.journal->contents().torn_bytes, 0U);
}

TEST(Journal, goes_on_behind_what_is_there) {
  SimulatedFiles files;
  std::vector<TestRecord> records;
  for (std::uint64_t life = 0; life < 12; ++life) {
    TestJournal test(files);
    ASSERT_TRUE(test.journal) << test.refused.message;
    ASSERT_EQ(test.came_back, records);
    records.push_back(frame(1, 0, life + 1, std::string(life * 1000, 'b')));
    test.write(records.back());
  }
}

TEST(Journal, what_is_committed_is_written_before_it_closes_and_what_is_not_is_not) {
  SimulatedFiles files;
  {
    TestJournal test(files);
    test.append(frame(1, 0, 1));
    test.journal->commit();
    test.append(frame(1, 0, 2));
    EXPECT_GT(test.journal->uncommitted(), 0U);
  }
  EXPECT_EQ(stored(files), std::vector{frame(1, 0, 1)});
}

TEST(Journal, what_is_committed_while_the_disk_is_busy_goes_into_one_group) {
  SimulatedFiles files;
  TestJournal test(files);
  test.write(frame(1, 0, 1));
  while (test.journal->stats().segments_spare == 0) std::this_thread::yield();  // its sync would be held too
  files.hold_syncs(true);
  test.append(frame(1, 0, 2));
  test.journal->commit();
  files.wait_for_held_sync();
  for (std::uint64_t seq = 3; seq <= 20; ++seq) {
    test.append(frame(1, 0, seq));
    test.journal->commit();
  }
  EXPECT_EQ(test.reports.synced(), 1U);
  files.hold_syncs(false);
  test.reports.wait_synced(20);
  EXPECT_EQ(test.reports.all_synced(), (std::vector<std::uint64_t>{1, 2, 20}));
  EXPECT_EQ(test.journal->stats().groups, 3U);
  EXPECT_EQ(test.journal->stats().records, 20U);
}

TEST(Journal, a_ticket_is_reported_when_all_its_records_are_on_the_disk) {
  SimulatedFiles files;
  TestJournal test(files);
  for (std::uint64_t seq = 1; seq <= 9; ++seq) test.append(frame(1, 0, seq, std::string(8000, 'c')), 5);
  test.append(frame(1, 0, 10), 6);
  test.sync();
  EXPECT_EQ(test.reports.all_synced(), std::vector<std::uint64_t>{6});
  EXPECT_GT(test.journal->stats().groups, 2U);
}

TEST(Journal, every_group_is_whole_blocks_written_once) {
  SimulatedFiles files;
  std::vector<SimulatedFiles::Write> writes;
  {
    TestJournal test(files);
    while (test.journal->stats().segments_spare == 0) std::this_thread::yield();
    const std::size_t before = files.writes().size();
    for (std::uint64_t seq = 1; seq <= 5; ++seq) test.write(frame(1, 0, seq, std::string(seq * 900, 'd')));
    writes = files.writes();
    writes.erase(writes.begin(), writes.begin() + static_cast<std::ptrdiff_t>(before));
  }
  std::uint64_t end = kFileBlock;
  ASSERT_EQ(writes.size(), 5U);
  for (const auto& write : writes) {
    EXPECT_EQ(write.at, end);
    EXPECT_EQ(write.bytes % kFileBlock, 0U);
    end += write.bytes;
  }
}

TEST(Journal, a_record_may_be_as_large_as_it_says) {
  SimulatedFiles files;
  std::string body;
  {
    TestJournal test(files);
    body = std::string(test.journal->record_bytes_max(), 'e');
    for (std::uint64_t seq = 1; seq <= 4; ++seq) test.append(frame(1, 0, seq, body));
    test.sync();
  }
  const auto records = stored(files);
  ASSERT_EQ(records.size(), 4U);
  EXPECT_EQ(records[3].body, body);
}

TEST(Journal, segments_are_used_again_when_their_records_are_released) {
  SimulatedFiles files;
  {
    TestJournal test(files);
    for (std::uint64_t seq = 1; seq <= 300; ++seq) {
      test.write(frame(1, 0, seq, std::string(2000, 'f')));
      if (seq % 10 == 0) test.journal->release(ViewNumber(1), {{TransmitterId(0), Seq(seq - 5)}});
    }
    EXPECT_LE(files.paths().size(), 6U);
    EXPECT_LE(test.journal->stats().segments_used, 5U);
  }
  const auto records = stored(files);
  ASSERT_FALSE(records.empty());
  EXPECT_LE(records.front().name.seq, Seq(296));  // not released: must be there
  EXPECT_EQ(records.back().name.seq, Seq(300));
  for (std::size_t i = 1; i < records.size(); ++i) EXPECT_EQ(records[i].name.seq, records[i - 1].name.seq.next());
}

TEST(Journal, knows_what_is_released_after_a_restart_as_well) {
  SimulatedFiles files;
  {
    TestJournal test(files);
    for (std::uint64_t seq = 1; seq <= 60; ++seq) test.write(frame(1, 0, seq));
  }
  TestJournal again(files);
  EXPECT_EQ(again.came_back.size(), 60U);
  const auto used = again.journal->stats().segments_used;
  ASSERT_GT(used, 5U);
  again.journal->release(ViewNumber(1), {{TransmitterId(0), Seq(60)}});
  again.write(frame(1, 0, 61));
  again.write(frame(1, 0, 62));
  EXPECT_LE(again.journal->stats().segments_used, 2U);
}

TEST(Journal, a_segment_is_not_free_before_those_in_front_of_it) {
  SimulatedFiles files;
  TestJournal test(files);
  test.write(frame(2, 0, 1));
  for (std::uint64_t seq = 1; seq <= 40; ++seq) test.write(frame(1, 0, seq));
  test.journal->release(ViewNumber(1), {{TransmitterId(0), Seq(40)}});
  test.write(frame(2, 0, 2));
  EXPECT_GE(test.journal->stats().segments_used, 6U);
  test.journal->release(ViewNumber(2), {{TransmitterId(0), Seq(2)}});
  test.write(frame(2, 0, 3));
  test.write(frame(2, 0, 4));
  EXPECT_EQ(test.journal->stats().segments_used, 1U);
}

TEST(Journal, held_bytes_are_those_that_are_not_released) {
  SimulatedFiles files;
  TestJournal test(files);
  EXPECT_EQ(test.journal->held(), 0U);
  for (std::uint64_t seq = 1; seq <= 20; ++seq) test.write(frame(1, 0, seq, std::string(71, 'g')));
  EXPECT_EQ(test.journal->held(), 20U * (kRecordHeaderBytes + 71));
  test.journal->release(ViewNumber(1), {{TransmitterId(0), Seq(20)}});
  test.write(frame(1, 0, 21, std::string(71, 'g')));
  test.write(frame(1, 0, 22, std::string(71, 'g')));
  EXPECT_EQ(test.journal->held(), 2U * (kRecordHeaderBytes + 71));
}

TEST(Journal, free_segments_beyond_the_limit_are_removed) {
  SimulatedFiles files;
  auto options = TestJournal::options();
  options.spare_bytes_max = 2 * options.segment_bytes;
  TestJournal test(files, options);
  for (std::uint64_t seq = 1; seq <= 60; ++seq) test.write(frame(1, 0, seq));
  ASSERT_GT(files.paths().size(), 8U);
  test.journal->release(ViewNumber(1), {{TransmitterId(0), Seq(60)}});
  test.write(frame(1, 0, 61));
  while (files.paths().size() > 3) std::this_thread::yield();
}

TEST(Journal, segments_of_another_size_are_read_and_then_removed) {
  SimulatedFiles files;
  {
    TestJournal test(files);
    for (std::uint64_t seq = 1; seq <= 20; ++seq) test.write(frame(1, 0, seq));
  }
  TestJournal larger(files, TestJournal::options(2 * TestJournal::kSegment));
  ASSERT_TRUE(larger.journal) << larger.refused.message;
  EXPECT_EQ(larger.came_back.size(), 20U);
  for (std::uint64_t seq = 21; seq <= 60; ++seq) larger.write(frame(1, 0, seq));
  larger.journal->release(ViewNumber(1), {{TransmitterId(0), Seq(60)}});
  larger.write(frame(1, 0, 61));
  const auto small_is_left = [&] { return std::ranges::count(files.sizes(), TestJournal::kSegment) > 0; };
  while (small_is_left()) std::this_thread::yield();
}

// The new segment is on the disk with its header alone; the next group does not fit into it.
TEST(Journal, an_empty_segment_that_is_too_small_is_followed_by_another) {
  SimulatedFiles files;
  { TestJournal(files, TestJournal::options(kSegmentBytesMin)); }
  const TestRecord large = frame(1, 0, 1, std::string(3 * kFileBlock, 'h'));
  TestJournal(files).write(large);
  EXPECT_EQ(stored(files), std::vector{large});
}

TEST(Journal, two_processes_cannot_use_one_directory) {
  SimulatedFiles files;
  const TestJournal first(files);
  EXPECT_EQ(TestJournal(files).refused.code, Code::kBusy);
  const auto verified = Journal::verify(
      TestJournal::options(), [](auto&&...) { return ok_status(); }, files);
  EXPECT_EQ(verified.error().code, Code::kBusy);
}

TEST(Journal, verify_reads_everything_and_changes_nothing) {
  SimulatedFiles files;
  {
    TestJournal test(files);
    for (std::uint64_t seq = 1; seq <= 30; ++seq) test.write(frame(1, 0, seq));
  }
  const auto before = files.changes();
  std::size_t records = 0;
  const auto verified = Journal::verify(
      TestJournal::options(),
      [&](auto&&...) {
        ++records;
        return ok_status();
      },
      files);
  ASSERT_TRUE(verified) << verified.error().message;
  EXPECT_EQ(records, 30U);
  EXPECT_EQ(verified->records, 30U);
  EXPECT_EQ(verified->groups, 30U);
  EXPECT_EQ(files.changes(), before);
}

TEST(Journal, verify_of_what_is_not_there_says_so_and_creates_nothing) {
  SimulatedFiles files;
  const auto verified = Journal::verify(
      TestJournal::options(), [](auto&&...) { return ok_status(); }, files);
  EXPECT_EQ(verified.error().code, Code::kNotFound);
  EXPECT_EQ(files.changes(), 0U);
}

TEST(Journal, an_error_of_the_visitor_ends_open_with_it) {
  SimulatedFiles files;
  {
    TestJournal test(files);
    test.write(frame(1, 0, 1));
  }
  const auto opened = Journal::open(
      TestJournal::options(), {},
      [](auto&&...) -> Status {
        return Error{Code::kProtocol, "no frame"};
      },
      environment_on(files));
  EXPECT_EQ(opened.error().message, "no frame");
}

TEST(Journal, nobody_has_to_listen) {
  SimulatedFiles files;
  files.set_room(TestJournal::kSegment);
  const auto opened = Journal::open(
      TestJournal::options(), {}, [](auto&&...) { return ok_status(); }, environment_on(files));
  ASSERT_TRUE(opened);
  for (std::uint64_t seq = 1; seq < 20; ++seq) {
    (*opened)->append(seq, RecordKind::kFrame, {ViewNumber(1), {}, Seq(seq)},
                      [](Bytes& out) { out.resize(out.size() + 9000); });
    (*opened)->commit();
  }
}

TEST(Journal, a_size_of_segments_that_cannot_be_is_refused) {
  for (const std::uint64_t bytes :
       {std::uint64_t{0}, std::uint64_t{8192}, std::uint64_t{20'000}, kSegmentBytesMax * 2}) {
    SimulatedFiles files;
    EXPECT_EQ(TestJournal(files, TestJournal::options(bytes)).refused.code, Code::kInvalid);
  }
}

}  // namespace
}  // namespace titer::store
