// SPDX-License-Identifier: Apache-2.0

#include "net/secret_file.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

namespace titer::net {
namespace {

class SecretFile : public testing::Test {
 protected:
  SecretFile() {
    std::string pattern = "/tmp/titer-secret-test-XXXXXX";
    folder_ = ::mkdtemp(pattern.data());
    path = folder_ + "/secret";
    std::ofstream(path) << "opensesame\nsecond line\n";
  }
  ~SecretFile() override { std::filesystem::remove_all(folder_); }
  std::string path;

 private:
  std::string folder_;
};

TEST_F(SecretFile, ThatEverybodyMayReadIsRefusedWithWhatToDo) {
  for (const mode_t mode : {0644, 0604, 0602, 0601, 0777}) {
    ASSERT_EQ(::chmod(path.c_str(), mode), 0);
    const auto read = read_secret_line(path);
    ASSERT_FALSE(read.ok()) << mode;
    EXPECT_EQ(read.error().code, Code::kInvalid);
    EXPECT_NE(read.error().message.find("chmod 600 " + path), std::string::npos) << read.error().message;
    EXPECT_FALSE(closed_to_others(path).ok());
  }
}

TEST_F(SecretFile, OfItsOwnerOrGroupIsRead) {
  for (const mode_t mode : {0600, 0400, 0640, 0660}) {
    ASSERT_EQ(::chmod(path.c_str(), mode), 0);
    const auto read = read_secret_line(path);
    ASSERT_TRUE(read.ok()) << read.error().message;
    EXPECT_EQ(*read, "opensesame");
    EXPECT_EQ(read_secret(path).value(), "opensesame\nsecond line\n");
    EXPECT_TRUE(closed_to_others(path).ok());
  }
}

TEST_F(SecretFile, ThatIsNotThereOrEmptySaysSo) {
  EXPECT_FALSE(read_secret(path + "-not").ok());
  EXPECT_TRUE(closed_to_others(path + "-not").ok()) << "its reader says it better";
  std::ofstream(path, std::ios::trunc) << "";
  ASSERT_EQ(::chmod(path.c_str(), 0600), 0);
  EXPECT_FALSE(read_secret_line(path).ok());
}

}  // namespace
}  // namespace titer::net
