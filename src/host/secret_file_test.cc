// SPDX-License-Identifier: Apache-2.0

#include "host/secret_file.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

namespace titer::host {
namespace {

class SecretFile : public testing::Test {
 protected:
  SecretFile() {
    std::string pattern = "/tmp/titer-secret-test-XXXXXX";
    folder_ = ::mkdtemp(pattern.data());
  }
  ~SecretFile() override { std::filesystem::remove_all(folder_); }

  [[nodiscard]] std::string path() const { return folder_ + "/secret"; }
  void write(const std::string& text, mode_t mode) const {
    std::ofstream(path()) << text;
    ::chmod(path().c_str(), mode);
  }

 private:
  std::string folder_;
};

TEST_F(SecretFile, is_made_for_its_owner_alone_and_read_back) {
  ASSERT_EQ(make_secret(path()).value(), true);
  struct stat made {};
  ::stat(path().c_str(), &made);
  EXPECT_EQ(made.st_mode & 0777U, 0600U);
  EXPECT_TRUE(read_secret(path()).ok());
}

TEST_F(SecretFile, one_that_is_there_stays) {
  ASSERT_EQ(make_secret(path()).value(), true);
  const std::string before = read_secret(path())->to_text();
  EXPECT_EQ(make_secret(path()).value(), false);
  EXPECT_EQ(read_secret(path())->to_text(), before);
}

TEST_F(SecretFile, two_secrets_differ) { EXPECT_NE(new_secret().to_text(), new_secret().to_text()); }

TEST_F(SecretFile, is_refused_when_everybody_may_read_it) {
  const std::string digits(64, '5');
  for (const mode_t mode : {0604U, 0606U, 0666U}) {
    write(digits + "\n", mode);
    const auto refused = read_secret(path());
    ASSERT_FALSE(refused.ok());
    EXPECT_NE(refused.error().message.find("chmod"), std::string::npos);
  }
  write(digits, 0440);
  EXPECT_EQ(read_secret(path())->to_text(), digits) << "also without a line's end";
}

TEST_F(SecretFile, what_is_none_is_refused_and_not_repeated) {
  EXPECT_FALSE(read_secret(path()).ok()) << "there is no file";
  for (const std::string& text : {std::string(), std::string("hunter2-hunter2\n"), std::string(63, '5') + "\n"}) {
    write(text, 0600);
    const auto refused = read_secret(path());
    ASSERT_FALSE(refused.ok());
    EXPECT_EQ(refused.error().message.find("hunter2"), std::string::npos);
  }
}

TEST_F(SecretFile, one_that_cannot_be_made_is_an_error_with_its_path) {
  std::filesystem::remove_all(std::filesystem::path(path()).parent_path());
  const auto made = make_secret(path());
  ASSERT_FALSE(made.ok());
  EXPECT_NE(made.error().message.find(path()), std::string::npos);
}

TEST_F(SecretFile, who_reads_an_error_is_told_how_to_make_one) {
  EXPECT_NE(read_secret(path()).error().message.find("titer init"), std::string::npos);
  write("5555\n", 0600);
  EXPECT_NE(read_secret(path()).error().message.find("titer init"), std::string::npos);
}

TEST_F(SecretFile, two_lines_are_no_secret) {
  write(std::string(64, '5') + "\n" + std::string(64, '6') + "\n", 0600);
  const auto read = read_secret(path());
  EXPECT_TRUE(!read.ok() || read->to_text() == std::string(64, '5')) << "never a mixture of them";
}

TEST_F(SecretFile, its_group_may_read_it_and_nobody_else_write_it) {
  const std::string digits(64, '5');
  for (const mode_t mode : {0600U, 0640U, 0400U}) {
    std::filesystem::remove(path());
    write(digits + "\n", mode);
    EXPECT_TRUE(read_secret(path()).ok()) << mode;
  }
}

}  // namespace
}  // namespace titer::host
