// SPDX-License-Identifier: Apache-2.0

// What a start makes of a journal that is not as it was written.
#include <gtest/gtest.h>

#include <algorithm>

#include "base/hash.h"
#include "store/testing/test_journal.h"

namespace titer::store {
namespace {

constexpr std::uint64_t kSegment = 6 * kFileBlock;

// Groups of one record each in several segments; the last write is the last group.
class Damage : public testing::Test {
 protected:
  void SetUp() override {
    TestJournal test(files, options);
    for (std::uint64_t seq = 1; seq <= 14; ++seq) test.write(frame(1, seq % 3, seq, std::string(50 * seq, 'a')));
    records = {};
    for (std::uint64_t seq = 1; seq <= 14; ++seq)
      records.push_back(frame(1, seq % 3, seq, std::string(50 * seq, 'a')));
    while (test.journal->stats().segments_spare == 0) std::this_thread::yield();
    test.journal.reset();
    for (const auto& write : files.writes())
      if (write.bytes < kSegment) written.push_back(write);  // but not the zeros that segments begin with
    last = written.back();
  }

  TestJournal reopened() { return TestJournal(files, options); }
  [[nodiscard]] Result<JournalContents> verified(std::vector<TestRecord>& seen) {
    return Journal::verify(
        options,
        [&](RecordKind kind, const RecordName& name, ByteView body) {
          seen.push_back({kind, name, std::string(as_text(body))});
          return ok_status();
        },
        files);
  }
  void expect_damaged(const std::string& says) {
    const auto before = files.changes();
    std::vector<TestRecord> seen;
    const auto result = verified(seen);
    ASSERT_FALSE(result.ok());
    EXPECT_EQ(result.error().code, Code::kInternal);
    EXPECT_NE(result.error().message.find(says), std::string::npos) << result.error().message;
    EXPECT_NE(result.error().message.find("Move the replica's directory away"), std::string::npos);
    EXPECT_FALSE(reopened_journal());
    EXPECT_EQ(files.changes(), before);
  }
  bool reopened_journal() {
    const TestJournal test(files, options);
    return test.journal != nullptr;
  }
  // The paths of the used segments, oldest first.
  [[nodiscard]] std::vector<std::string> segments() const {
    std::vector<std::string> paths;
    for (const auto& write : written)
      if (paths.empty() || paths.back() != write.path) paths.push_back(write.path);
    return paths;
  }

  SimulatedFiles files;
  const JournalOptions options = TestJournal::options(kSegment);
  std::vector<TestRecord> records;
  std::vector<SimulatedFiles::Write> written;  // segment headers and groups
  SimulatedFiles::Write last;
};

bool in(const SimulatedFiles::Write& write, const std::string& path, std::uint64_t at) {
  return write.path == path && at >= write.at && at < write.at + write.bytes;
}

// In synced groups but the last: refused. In the last: cut, or, where it does not matter, refused as well. Elsewhere:
// nothing is lost. Never anything else.
TEST_F(Damage, a_flipped_bit_does_not_go_unseen) {
  constexpr std::uint64_t kStride = 5;  // odd: over the blocks, every place in a block is met
  Random random(1);
  const std::vector<TestRecord> cut(records.begin(), records.end() - 1);
  std::size_t refused = 0, torn = 0, harmless = 0;
  for (const std::string& path : files.paths()) {
    const std::size_t size = files.content(path).size();
    for (std::uint64_t at = 0; at < size; at += kStride) {
      const unsigned bit = static_cast<unsigned>(random.below(8));
      files.flip(path, at, bit);
      std::vector<TestRecord> seen;
      const auto result = verified(seen);
      files.flip(path, at, bit);
      const bool was_last = in(last, path, at);
      const bool was_written =
          std::any_of(written.begin(), written.end(), [&](const auto& write) { return in(write, path, at); });
      if (!result.ok()) {
        ASSERT_TRUE(was_written) << path << " at " << at << ": " << result.error().message;
        ++refused;
      } else if (was_last) {
        ASSERT_EQ(seen, cut) << path << " at " << at;
        ++torn;
      } else {
        ASSERT_FALSE(was_written) << path << " at " << at << " bit " << bit;
        ASSERT_EQ(seen, records);
        ++harmless;
      }
    }
  }
  EXPECT_GT(refused, 10 * kFileBlock / kStride);
  EXPECT_GE(torn, kFileBlock / kStride);
  EXPECT_GT(harmless, kFileBlock / kStride);
}

TEST_F(Damage, a_lost_block_in_the_middle_is_refused_and_says_where) {
  auto content = files.content(written[4].path);
  std::fill_n(content.begin() + static_cast<std::ptrdiff_t>(written[4].at), kFileBlock, std::byte{0});
  files.overwrite(written[4].path, content);
  expect_damaged("group 4 is missing or damaged");
}

TEST_F(Damage, a_torn_end_is_cut_and_the_journal_goes_on) {
  files.flip(last.path, last.at + last.bytes - 1, 3);
  {
    TestJournal test(files, options);
    ASSERT_TRUE(test.journal) << test.refused.message;
    EXPECT_EQ(test.came_back.size(), records.size() - 1);
    EXPECT_EQ(test.journal->contents().torn_bytes, last.bytes);
    test.write(frame(1, 9, 1));
  }
  TestJournal again(files, options);
  EXPECT_EQ(again.came_back.size(), records.size());
  EXPECT_EQ(again.came_back.back(), frame(1, 9, 1));
}

// The last group but one is damaged, and the last was being written when the power failed: its header is enough to
// know that the one before had been synced.
TEST_F(Damage, a_begun_group_proves_that_the_one_before_was_synced) {
  files.flip(last.path, last.at + kFileBlock - 1, 0);
  const auto& before = written[written.size() - 2];
  files.flip(before.path, before.at + before.bytes - 1, 0);
  expect_damaged("group 13 is missing or damaged");
}

TEST_F(Damage, a_missing_segment_is_refused) {
  const auto paths = segments();
  ASSERT_GE(paths.size(), 4U);
  for (std::size_t i = 0; i + 1 < paths.size(); ++i) {
    const Bytes content = files.content(paths[i]);
    ASSERT_TRUE(files.remove(paths[i]));
    expect_damaged("missing");
    files.overwrite(paths[i], content);
  }
  EXPECT_TRUE(reopened_journal());
}

TEST_F(Damage, a_segment_that_lost_its_end_is_refused) {
  auto content = files.content(segments().back());
  content.erase(content.end() - static_cast<std::ptrdiff_t>(kFileBlock), content.end());
  files.overwrite(segments().back(), content);
  expect_damaged("should have");
}

TEST_F(Damage, two_copies_of_a_segment_are_refused) {
  files.overwrite("/journal/00000099.journal", files.content(segments()[1]));
  expect_damaged("both say");
}

TEST_F(Damage, a_segment_of_another_journal_is_refused) {
  SimulatedFiles other;
  { TestJournal(other, options).write(frame(1, 0, 1)); }
  files.overwrite("/journal/00000099.journal", other.content(other.paths().front()));
  ASSERT_TRUE(files.remove(segments().front()));
  expect_damaged("is of another journal");
}

TEST_F(Damage, a_journal_of_another_cluster_or_replica_is_refused) {
  auto elsewhere = options;
  elsewhere.cluster = 0xC2;
  EXPECT_EQ(TestJournal(files, elsewhere).refused.code, Code::kInvalid);
  elsewhere = options;
  elsewhere.me = ReplicaId(3);
  const TestJournal test(files, elsewhere);
  EXPECT_EQ(test.refused.code, Code::kInvalid);
  EXPECT_NE(test.refused.message.find("belongs to replica 2"), std::string::npos);
}

TEST_F(Damage, a_newer_format_is_refused) {
  const std::string path = segments().front();
  Bytes content = files.content(path);
  content[8] = std::byte{kJournalVersion + 1};
  // As a newer version would, with a checksum that fits: over everything around bytes 16 to 24.
  const ByteView block = ByteView(content).first(kFileBlock);
  const std::uint64_t checksum = hash64(block.subspan(24), hash64(block.first(16), 0));
  std::memcpy(content.data() + 16, &checksum, sizeof checksum);
  files.overwrite(path, content);
  const TestJournal test(files, options);
  EXPECT_EQ(test.refused.code, Code::kInvalid);
  EXPECT_NE(test.refused.message.find("another version"), std::string::npos);
}

// The first group of a segment is on the disk and the segment's header is not, so the group was never there. Then the
// segment is begun again, and now the header is on the disk and the new group is not.
TEST(Damaged, a_group_that_was_never_there_does_not_come_to_life) {
  SimulatedFiles files;
  files.set_room(2 * TestJournal::kSegment);
  std::vector<TestRecord> records;
  {
    TestJournal test(files);
    for (std::uint64_t seq = 1; seq <= 6; ++seq) {
      records.push_back(frame(1, 0, seq));
      test.write(records.back());
    }
    test.write(frame(1, 0, 7, "never there"));
    ASSERT_EQ(test.journal->stats().segments_used, 2U);
  }
  const std::string second = files.paths().back();
  Bytes content = files.content(second);
  const Bytes never(content.begin() + kFileBlock, content.begin() + 2 * kFileBlock);
  std::fill_n(content.begin(), kFileBlock, std::byte{0});
  files.overwrite(second, content);
  {
    TestJournal test(files);
    ASSERT_EQ(test.came_back, records);
    test.write(frame(1, 0, 7, "instead"));
    ASSERT_EQ(test.journal->stats().segments_used, 2U);
  }
  content = files.content(second);
  std::copy(never.begin(), never.end(), content.begin() + kFileBlock);
  files.overwrite(second, content);
  EXPECT_EQ(stored(files), records);
}

// Two journals that were one, as when a copy of the directory was started too: same salt, same numbers.
TEST(Damaged, a_group_of_another_history_is_not_taken) {
  SimulatedFiles files, copy;
  { TestJournal(files).write(frame(1, 0, 1)); }
  for (const std::string& path : files.paths()) copy.overwrite(path, files.content(path));
  for (SimulatedFiles* history : {&files, &copy}) {
    TestJournal test(*history);
    test.write(frame(1, 0, 2, history == &files ? "ours" : "theirs"));
    test.write(frame(1, 0, 3));
  }
  const std::string path = files.paths().front();
  const auto third = static_cast<std::ptrdiff_t>(3 * kFileBlock);
  const Bytes theirs = copy.content(path);
  Bytes mixed = files.content(path);
  std::copy_n(theirs.begin() + third, kFileBlock, mixed.begin() + third);
  files.overwrite(path, mixed);
  EXPECT_EQ(stored(files), (std::vector{frame(1, 0, 1), frame(1, 0, 2, "ours")}));
}

TEST(Damaged, a_record_of_a_kind_from_the_future_is_refused) {
  SimulatedFiles files;
  { TestJournal(files).write({static_cast<RecordKind>(9), {}, "?"}); }
  const TestJournal test(files);
  EXPECT_EQ(test.refused.code, Code::kInvalid);
  EXPECT_NE(test.refused.message.find("does not know"), std::string::npos) << test.refused.message;
}

TEST(Damaged, one_segment_without_its_header_is_refused) {
  SimulatedFiles files;
  { TestJournal(files).write(frame(1, 0, 1)); }
  for (const std::string& path : files.paths()) files.flip(path, 0, 0);
  const TestJournal test(files);
  EXPECT_FALSE(test.journal);
  EXPECT_NE(test.refused.message.find("no readable header"), std::string::npos) << test.refused.message;
}

// A client may send whatever it likes, groups of this journal included.
TEST(Damaged, bytes_of_a_record_are_never_taken_for_a_group) {
  SimulatedFiles files;
  AlignedBuffer group;
  group.grow_to(kFileBlock);
  GroupHeader header;
  header.number = 1000;
  header.oldest = 1;
  seal_group(group.span(), header, 0);  // the client does not know the salt
  std::string body(3 * kFileBlock - kGroupHeaderBytes - kRecordHeaderBytes, 'x');
  body.replace(kFileBlock - kGroupHeaderBytes - kRecordHeaderBytes, kFileBlock,
               std::string(reinterpret_cast<const char*>(group.data()), kFileBlock));
  {
    TestJournal test(files);
    test.write(frame(1, 0, 1));
    test.write(frame(1, 0, 2, body));
  }
  const auto writes = files.writes();
  const auto last = *std::find_if(writes.rbegin(), writes.rend(),
                                  [](const SimulatedFiles::Write& write) { return write.bytes == 3 * kFileBlock; });
  files.flip(last.path, last.at + last.bytes - 1, 0);
  TestJournal test(files);
  ASSERT_TRUE(test.journal) << test.refused.message;
  EXPECT_EQ(test.came_back.size(), 1U);
}

}  // namespace
}  // namespace titer::store
