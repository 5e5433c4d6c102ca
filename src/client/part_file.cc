// SPDX-License-Identifier: Apache-2.0

#include "client/part_file.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <utility>

namespace titer::client {

namespace {

Error failed(const std::string& what, const std::string& path) {
  return {Code::kInternal, "cannot " + what + " " + path + ": " + std::strerror(errno)};
}

}  // namespace

Result<PartFile> PartFile::open(const std::string& name) {
  const std::string path = name + ".part";
  const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);  // it holds who did what
  if (fd < 0) return failed("write", path);
  PartFile file(fd, path);
  if (::flock(fd, LOCK_EX | LOCK_NB) != 0) {
    ::close(std::exchange(file.fd_, -1));
    return Error{Code::kBusy, "another backup is writing " + path + ": wait for it, or name another file"};
  }
  if (Status emptied = file.restart(); !emptied) return emptied.error();
  return file;
}

PartFile::PartFile(PartFile&& other) noexcept
    : fd_(std::exchange(other.fd_, -1)), path_(std::move(other.path_)), bytes_(other.bytes_) {}

PartFile::~PartFile() {
  if (fd_ < 0) return;
  ::unlink(path_.c_str());
  ::close(fd_);
}

Status PartFile::append(ByteView bytes) {
  bytes_ += bytes.size();
  while (!bytes.empty()) {
    const ssize_t n = ::write(fd_, bytes.data(), bytes.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return failed("write", path_);
    bytes = bytes.subspan(static_cast<std::size_t>(n));
  }
  return ok_status();
}

Status PartFile::restart() {
  bytes_ = 0;
  if (::ftruncate(fd_, 0) != 0 || ::lseek(fd_, 0, SEEK_SET) != 0) return failed("empty", path_);
  return ok_status();
}

Status PartFile::finish(const std::string& name) {
  if (::fsync(fd_) != 0) return failed("sync", path_);
  if (::rename(path_.c_str(), name.c_str()) != 0) return failed("rename", path_);
  ::close(std::exchange(fd_, -1));
  const std::string dir = std::filesystem::path(name).parent_path().string();
  const int directory = ::open(dir.empty() ? "." : dir.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  const bool synced = directory >= 0 && ::fsync(directory) == 0;
  if (directory >= 0) ::close(directory);
  return synced ? ok_status() : Status(failed("sync the directory of", name));
}

}  // namespace titer::client
