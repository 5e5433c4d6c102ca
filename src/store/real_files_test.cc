// SPDX-License-Identifier: Apache-2.0

// The real file system behind the seam, and a journal on it.
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>

#include "store/testing/test_journal.h"

namespace titer::store {
namespace {

class RealFiles : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (std::filesystem::temp_directory_path() / "titer-store-XXXXXX").string();
    ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
    dir = pattern;
  }
  void TearDown() override { std::filesystem::remove_all(dir); }

  std::string dir;
  Files& files = real_files();
};

AlignedBuffer block_of(char c) {
  AlignedBuffer block;
  block.grow_to(kFileBlock);
  std::fill(block.span().begin(), block.span().end(), static_cast<std::byte>(c));
  return block;
}

TEST_F(RealFiles, what_is_written_is_read) {
  const auto file = files.open(dir + "/a", Files::Mode::kCreate);
  ASSERT_TRUE(file);
  auto a = block_of('a');
  ASSERT_TRUE(write_all(**file, 0, a.span()));
  ASSERT_TRUE(write_all(**file, kFileBlock, block_of('b').span()));
  ASSERT_TRUE((*file)->sync());
  EXPECT_EQ((*file)->size().value(), 2 * kFileBlock);
  AlignedBuffer in;
  in.grow_to(3 * kFileBlock);
  EXPECT_EQ(read_all(**file, 0, in.span()).value(), 2 * kFileBlock);
  EXPECT_EQ(in.data()[0], std::byte{'a'});
  EXPECT_EQ(in.data()[kFileBlock], std::byte{'b'});
}

TEST_F(RealFiles, names_and_directories) {
  EXPECT_EQ(files.list(dir + "/x/y").error().code, Code::kNotFound);
  ASSERT_TRUE(files.create_dir(dir + "/x/y/z"));
  ASSERT_TRUE(files.create_dir(dir + "/x/y/z"));
  ASSERT_TRUE(files.open(dir + "/x/y/a", Files::Mode::kCreate));
  EXPECT_FALSE(files.open(dir + "/x/y/a", Files::Mode::kCreate));
  auto names = files.list(dir + "/x/y").value();
  std::sort(names.begin(), names.end());
  EXPECT_EQ(names, (std::vector<std::string>{"a", "z"}));
  ASSERT_TRUE(files.remove(dir + "/x/y/a"));
  ASSERT_TRUE(files.sync_dir(dir + "/x/y"));
  EXPECT_EQ(files.open(dir + "/x/y/a", Files::Mode::kRead).error().code, Code::kNotFound);
  EXPECT_EQ(files.remove(dir + "/x/y/a").error().code, Code::kNotFound);
}

TEST_F(RealFiles, errors_name_the_file_and_what_the_system_says) {
  const auto file = files.open(dir, Files::Mode::kWrite);
  ASSERT_FALSE(file);
  EXPECT_EQ(file.error().code, Code::kInternal);
  EXPECT_NE(file.error().message.find(dir), std::string::npos);
}

// Opening a pipe waits for its other end, and nobody would know why a replica does not start.
TEST_F(RealFiles, what_is_not_a_file_is_refused_and_never_waited_for) {
  ASSERT_EQ(::mkfifo((dir + "/pipe").c_str(), 0600), 0);
  ASSERT_TRUE(files.create_dir(dir + "/dir"));
  for (const std::string& path : {dir + "/pipe", dir + "/dir", std::string("/dev/zero")}) {
    EXPECT_FALSE(files.open(path, Files::Mode::kRead)) << path;
    EXPECT_FALSE(files.open(path, Files::Mode::kWrite)) << path;
    const auto read = files.read_file(path, 100);
    ASSERT_FALSE(read) << path;
    EXPECT_NE(read.error().message.find(path), std::string::npos) << read.error().message;
    EXPECT_NE(read.error().code, Code::kNotFound) << path;
    EXPECT_FALSE(files.write_file(path, as_bytes("text"))) << path;
  }
}

TEST_F(RealFiles, tables_with_a_pipe_among_their_files_are_refused_and_never_waited_for) {
  ASSERT_TRUE(files.create_dir(dir + "/tables"));
  ASSERT_EQ(::mkfifo((dir + "/tables/CURRENT").c_str(), 0600), 0);
  const auto opened = real_environment().databases.open({.dir = dir + "/tables"});
  ASSERT_FALSE(opened);
  EXPECT_NE(opened.error().message.find("CURRENT is not a file"), std::string::npos) << opened.error().message;
}

TEST_F(RealFiles, a_locked_directory_is_busy_for_writers_and_readers_share) {
  {
    const auto writer = files.lock_dir(dir, true);
    ASSERT_TRUE(writer);
    EXPECT_EQ(files.lock_dir(dir, false).error().code, Code::kBusy);
  }
  const auto one = files.lock_dir(dir, false);
  const auto two = files.lock_dir(dir, false);
  EXPECT_TRUE(one.ok() && two.ok());
  EXPECT_EQ(files.lock_dir(dir, true).error().code, Code::kBusy);
}

TEST_F(RealFiles, a_directory_behind_a_link_of_another_user_is_refused) {
  ASSERT_TRUE(files.create_dir(dir + "/ours/replica-0"));
  std::filesystem::create_symlink(dir + "/ours", dir + "/link");
  ASSERT_TRUE(files.lock_dir(dir + "/link/replica-0", true)) << "a link of our own";
  // Only root gives links away, and the tests of the CI are root's.
  if (::lchown((dir + "/link").c_str(), 65534, 65534) != 0) return;
  for (const std::string& name : {dir + "/link", dir + "/link/replica-0", dir + "/link/"})
    for (const bool exclusive : {true, false}) {
      const auto lock = files.lock_dir(name, exclusive);
      ASSERT_FALSE(lock) << name;
      EXPECT_NE(lock.error().message.find("/link is a symbolic link"), std::string::npos) << lock.error().message;
    }
}

TEST_F(RealFiles, a_journal_lives_on_them) {
  auto options = TestJournal::options(std::uint64_t{64} << 10);
  options.dir = dir + "/data/journal";
  std::vector<TestRecord> records;
  for (int life = 0; life < 3; ++life) {
    TestJournal test(files, options);
    ASSERT_TRUE(test.journal) << test.refused.message;
    EXPECT_EQ(test.came_back, records);
    for (std::uint64_t i = 0; i < 20; ++i) {
      records.push_back(frame(1, 0, records.size() + 1, std::string(i * 700, 'r')));
      test.write(records.back());
    }
    EXPECT_EQ(test.reports.synced(), 20U);
  }
  const auto verified = Journal::verify(
      options, [](auto&&...) { return ok_status(); }, files);
  ASSERT_TRUE(verified) << verified.error().message;
  EXPECT_EQ(verified->records, 60U);
}

}  // namespace
}  // namespace titer::store
