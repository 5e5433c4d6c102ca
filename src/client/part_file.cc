// SPDX-License-Identifier: Apache-2.0

#include "client/part_file.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
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

// The file that `name` means: the target of a symbolic link, or `name` itself.
std::string target_of(const std::string& name) {
  std::error_code error;
  const auto target = std::filesystem::weakly_canonical(name, error);
  return error || !std::filesystem::is_symlink(name, error) ? name : target.string();
}

// As the file was that is replaced. Others' groups cannot always be given.
void keep_rights(int fd, const std::string& name) {
  struct stat before {};
  if (::stat(name.c_str(), &before) != 0) return;
  if (::fchown(fd, static_cast<uid_t>(-1), before.st_gid) == 0) (void)::fchmod(fd, before.st_mode & 07777U);
}

// A file or link that another user has put into a directory where everybody may write: it could send ours elsewhere, or
// let that user read it. The rule is that of Linux's fs.protected_regular and fs.protected_symlinks, which may be off.
bool is_a_strangers(const std::string& path) {
  struct stat file {};
  struct stat dir {};
  if (::lstat(path.c_str(), &file) != 0) return false;
  const auto parent = std::filesystem::path(path).parent_path();
  if (::stat(parent.empty() ? "." : parent.c_str(), &dir) != 0) return false;
  const bool open_to_all = (dir.st_mode & S_ISVTX) != 0 && (dir.st_mode & S_IWOTH) != 0;
  return open_to_all && file.st_uid != ::geteuid() && file.st_uid != dir.st_uid;
}

}  // namespace

Result<PartFile> PartFile::open(const std::string& name, unsigned mode) {
  std::error_code ignored;
  const auto kind = std::filesystem::status(name, ignored).type();
  const bool direct = kind != std::filesystem::file_type::regular && kind != std::filesystem::file_type::not_found;
  const std::string path = direct ? name : target_of(name) + ".part";
  for (const std::string& there : {name, path})
    if (is_a_strangers(there))
      return Error{Code::kForbidden, there +
                                         " belongs to another user, in a directory where everybody may write: name "
                                         "another file"};
  // Opened without waiting: into a pipe that nobody reads one could wait forever.
  const int fd =
      ::open(path.c_str(), O_WRONLY | O_CLOEXEC | O_NONBLOCK | (direct ? 0 : O_CREAT | O_NOFOLLOW), mode);
  if (fd < 0 && errno == ENXIO)
    return Error{Code::kInternal, "cannot write " + path + ": it is a pipe that nobody reads, or a socket"};
  if (fd < 0) return failed("write", path);
  struct stat found {};
  if (::fstat(fd, &found) != 0 || (direct ? S_ISBLK(found.st_mode) : !S_ISREG(found.st_mode))) {
    ::close(fd);
    return Error{Code::kInternal,
                 "cannot write " + path + ": it is " + (direct ? "a disk" : "not a file") + ": name another one"};
  }
  PartFile file(fd, path, direct);
  if (::fcntl(fd, F_SETFL, ::fcntl(fd, F_GETFL) & ~O_NONBLOCK) < 0) return failed("write", path);
  if (direct) return file;
  if (::flock(fd, LOCK_EX | LOCK_NB) != 0) {
    ::close(std::exchange(file.fd_, -1));
    return Error{Code::kInternal, "another process is writing " + path + ": wait for it, or name another file"};
  }
  if (Status emptied = file.restart(); !emptied) return emptied.error();
  return file;
}

PartFile::PartFile(PartFile&& other) noexcept
    : fd_(std::exchange(other.fd_, -1)),
      path_(std::move(other.path_)),
      direct_(other.direct_),
      bytes_(other.bytes_) {}

PartFile::~PartFile() {
  if (fd_ < 0) return;
  if (!direct_) ::unlink(path_.c_str());
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
  if (direct_ && bytes_ == 0) return ok_status();
  if (direct_)
    return Error{Code::kInternal,
                 path_ + " is not a file, so it cannot be written again from its beginning; name a file"};
  bytes_ = 0;
  if (::ftruncate(fd_, 0) != 0 || ::lseek(fd_, 0, SEEK_SET) != 0) return failed("empty", path_);
  return ok_status();
}

Status PartFile::finish(const std::string& name) {
  if (direct_) return ::close(std::exchange(fd_, -1)) == 0 ? ok_status() : Status(failed("write", path_));
  const std::string target = target_of(name);
  keep_rights(fd_, target);
  if (::fsync(fd_) != 0) return failed("sync", path_);
  if (::rename(path_.c_str(), target.c_str()) != 0) return failed("rename", path_);
  ::close(std::exchange(fd_, -1));
  const std::string dir = std::filesystem::path(target).parent_path().string();
  const int directory = ::open(dir.empty() ? "." : dir.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  const bool synced = directory >= 0 && ::fsync(directory) == 0;
  if (directory >= 0) ::close(directory);
  return synced ? ok_status() : Status(failed("sync the directory of", name));
}

}  // namespace titer::client
