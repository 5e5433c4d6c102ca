// SPDX-License-Identifier: Apache-2.0

// Files that are written as a whole or not at all, beside what other users have put there.
#include "client/part_file.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

namespace titer::client {
namespace {

constexpr uid_t kStranger = 65534;

// Like /tmp: everybody may write, and nobody may remove what another user has put there.
class SharedDir : public testing::Test {
 protected:
  void SetUp() override {
    if (::geteuid() != 0) GTEST_SKIP() << "it needs root, to give a file to another user";
    std::string pattern = testing::TempDir() + "part-file-XXXXXX";
    dir_ = ::mkdtemp(pattern.data());
    ASSERT_EQ(::chmod(dir_.c_str(), 01777), 0);
  }
  void TearDown() override {
    if (!dir_.empty()) std::filesystem::remove_all(dir_);
  }
  [[nodiscard]] std::string at(const std::string& name) const { return dir_ + "/" + name; }
  [[nodiscard]] Code refusal(const std::string& name) const {
    const auto file = PartFile::open(at(name), 0600);
    return file.ok() ? Code::kOk : file.error().code;
  }

  std::string dir_;
};

TEST(PartFile, beside_a_pipe_that_has_the_part_s_name_is_refused_and_waits_for_nobody) {
  std::string pattern = testing::TempDir() + "part-file-XXXXXX";
  const std::string dir = ::mkdtemp(pattern.data());
  ASSERT_EQ(::mkfifo((dir + "/sites.csv.part").c_str(), 0600), 0);
  const int reader = ::open((dir + "/sites.csv.part").c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC);
  EXPECT_FALSE(PartFile::open(dir + "/sites.csv", 0600).ok()) << "also while somebody reads it";
  ::close(reader);
  EXPECT_FALSE(PartFile::open(dir + "/sites.csv", 0600).ok());
  std::filesystem::remove_all(dir);
}

TEST_F(SharedDir, a_file_of_another_user_is_not_replaced) {
  std::ofstream(at("backup")) << "theirs";
  ASSERT_EQ(::chmod(at("backup").c_str(), 0666), 0);
  ASSERT_EQ(::chown(at("backup").c_str(), kStranger, kStranger), 0);
  EXPECT_EQ(refusal("backup"), Code::kForbidden);
}

TEST_F(SharedDir, a_link_of_another_user_is_not_followed) {
  std::ofstream(at("ours")) << "ours";
  for (const char* link : {"backup", "other.part"}) {
    std::filesystem::create_symlink(at("ours"), at(link));
    ASSERT_EQ(::lchown(at(link).c_str(), kStranger, kStranger), 0);
  }
  EXPECT_EQ(refusal("backup"), Code::kForbidden);
  EXPECT_EQ(refusal("other"), Code::kForbidden) << "where the part would be written";
}

TEST_F(SharedDir, an_own_file_and_an_own_link_are_replaced) {
  std::ofstream(at("ours")) << "ours";
  std::filesystem::create_symlink(at("ours"), at("link"));
  EXPECT_EQ(refusal("ours"), Code::kOk);
  EXPECT_EQ(refusal("link"), Code::kOk);
  EXPECT_EQ(refusal("new"), Code::kOk);
}

}  // namespace
}  // namespace titer::client
