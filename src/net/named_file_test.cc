// SPDX-License-Identifier: Apache-2.0

// Whatever a name leads to, reading it ends.
#include "net/named_file.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <thread>
#include <vector>

#include "net/secret_file.h"
#include "net/tls.h"

namespace titer::net {
namespace {

class NamedFile : public testing::Test {
 protected:
  NamedFile() {
    std::string pattern = "/tmp/titer-file-test-XXXXXX";
    folder = ::mkdtemp(pattern.data());
    path = folder + "/file";
    std::ofstream(path) << "text\n";
    pipe = folder + "/pipe";
    EXPECT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
    socket = folder + "/socket";
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::strncpy(address.sun_path, socket.c_str(), sizeof address.sun_path - 1);
    listener_ = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    EXPECT_EQ(::bind(listener_, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  }
  ~NamedFile() override {
    ::close(listener_);
    std::filesystem::remove_all(folder);
  }
  std::string folder, path, pipe, socket;

 private:
  int listener_ = -1;
};

TEST_F(NamedFile, IsASmallRegularOneForSecretsCertificatesAndConfigurations) {
  EXPECT_EQ(read_small_file(path).value(), "text\n");
  EXPECT_FALSE(read_small_file(path + "-not").ok());
  EXPECT_TRUE(expect_small_file(path + "-not").ok()) << "its reader says it better";
  for (const auto& [other, kind] : {std::pair<std::string, const char*>{"/dev/zero", "a device"},
                                    {"/dev/null", "a device"},
                                    {pipe, "a pipe"},
                                    {socket, "a socket"},
                                    {folder, "a directory"}}) {
    for (const Status& status :
         {expect_small_file(other), Status(read_small_file(other).error()), Status(read_secret(other).error()),
          Status(read_secret_line(other).error()), Status(Tls::open({other, "", ""}).error())}) {
      ASSERT_FALSE(status.ok()) << other;
      EXPECT_NE(status.error().message.find(other), std::string::npos) << status.error().message;
      EXPECT_NE(status.error().message.find(kind), std::string::npos) << status.error().message;
    }
  }
  std::filesystem::resize_file(path, kSmallFileBytesMax + 1);
  EXPECT_FALSE(read_small_file(path).ok());
  EXPECT_FALSE(expect_small_file(path).ok());
}

TEST_F(NamedFile, ToWriteIsNoPipeDirectoryOrSocket) {
  for (const std::string& fine : {path, path + "-not", std::string("/dev/null")}) {
    const auto opened = open_output(fine, O_WRONLY | O_APPEND, 0600);
    ASSERT_TRUE(opened.ok()) << opened.error().message;
    EXPECT_EQ(::fcntl(*opened, F_GETFL) & O_NONBLOCK, 0) << "writing waits as it does everywhere";
    ::close(*opened);
  }
  EXPECT_EQ(read_small_file(path).value(), "text\n");
  for (const int flags : {O_WRONLY | O_TRUNC, O_WRONLY | O_APPEND, O_RDWR}) {
    for (const auto& [other, kind] :
         {std::pair<std::string, const char*>{pipe, "a pipe"}, {socket, "a socket"}, {folder, "a directory"}}) {
      const auto opened = open_output(other, flags, 0600);
      ASSERT_FALSE(opened.ok()) << other;
      EXPECT_NE(opened.error().message.find(other + " is " + kind), std::string::npos) << opened.error().message;
    }
  }
  const auto elsewhere = open_output(folder + "/none/file", O_WRONLY, 0600);
  EXPECT_NE(elsewhere.error().message.find("No such file"), std::string::npos);
  ::close(open_output(path, O_WRONLY | O_TRUNC, 0600).value());
  EXPECT_EQ(read_small_file(path).value(), "");
}

// Somebody reads, so opening it would not wait; nevertheless it is no file.
TEST_F(NamedFile, ToWriteIsNoPipeThatSomebodyReads) {
  const int reader = ::open(pipe.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC);
  ASSERT_GE(reader, 0);
  EXPECT_FALSE(open_output(pipe, O_WRONLY | O_TRUNC, 0600).ok());
  ::close(reader);
}

std::string all_of(std::FILE* file) {
  std::string text(100, '\0');
  text.resize(std::fread(text.data(), 1, text.size(), file));
  std::fclose(file);
  return text;
}

TEST_F(NamedFile, AsInputMayBeAPipeIntoWhichSomebodyWrites) {
  EXPECT_EQ(all_of(open_input(path).value()), "text\n");
  std::thread writer([this] { std::ofstream(pipe) << "from a pipe"; });
  const auto opened = open_input(pipe);
  ASSERT_TRUE(opened.ok()) << opened.error().message;
  EXPECT_EQ(all_of(*opened), "from a pipe");
  writer.join();
  for (const std::string& other : {socket, folder, path + "-not"}) EXPECT_FALSE(open_input(other).ok()) << other;
}

}  // namespace
}  // namespace titer::net
