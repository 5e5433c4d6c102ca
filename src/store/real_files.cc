// SPDX-License-Identifier: Apache-2.0

// The file system of this machine behind Files.
//
// Around the page cache (O_DIRECT) where the file system can: it is faster and cheaper for synced writes
// (docs/decisions/0011), and what a start reads is what the disk has. A page cache may still hold what a failed sync
// could not write. Small files go through it.
#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "store/descriptor.h"
#include "store/files.h"

namespace titer::store {
namespace {

Error refused(const std::string& what, const std::string& path) {
  const int number = errno;
  const std::string text = what + " " + path + ": " + std::strerror(number);
  if (number == ENOENT) return {Code::kNotFound, text};
  if (number == EACCES || number == EPERM)
    return {Code::kForbidden, text + ". Run this as the user that owns the data, or change the owner (chown)"};
  if (number == EMFILE || number == ENFILE || number == ENOMEM) return {Code::kUnavailable, text};
  if (number == ENOSPC || number == EDQUOT || number == EWOULDBLOCK) return {Code::kBusy, text};
  return {Code::kInternal, text};
}

class RealFile final : public File {
 public:
  RealFile(Descriptor fd, std::string path) : fd_(std::move(fd)), path_(std::move(path)) {}

  Result<std::size_t> read(std::uint64_t at, std::span<std::byte> out) override {
    for (;;) {
      const ssize_t n = ::pread(fd_.get(), out.data(), out.size(), static_cast<off_t>(at));
      if (n >= 0) return static_cast<std::size_t>(n);
      if (errno != EINTR) return refused("cannot read", path_);
    }
  }
  Result<std::size_t> write(std::uint64_t at, ByteView bytes) override {
    const ssize_t n = ::pwrite(fd_.get(), bytes.data(), bytes.size(), static_cast<off_t>(at));
    if (n >= 0) return static_cast<std::size_t>(n);
    if (errno == EINTR) return std::size_t{0};
    return refused("cannot write", path_);
  }
  Status sync() override {
    if (::fdatasync(fd_.get()) == 0) return ok_status();
    return refused("cannot sync", path_);
  }
  Result<std::uint64_t> size() override {
    struct stat about {};
    if (::fstat(fd_.get(), &about) != 0) return refused("cannot look at", path_);
    return static_cast<std::uint64_t>(about.st_size);
  }

 private:
  Descriptor fd_;
  std::string path_;
};

class RealLock final : public DirLock {
 public:
  explicit RealLock(Descriptor fd) : fd_(std::move(fd)) {}
  bool still_at(const std::string& dir) const override {
    struct stat locked {};
    struct stat named {};
    if (::fstat(fd_.get(), &locked) != 0) return true;
    if (::stat(dir.c_str(), &named) != 0) return errno != ENOENT && errno != ENOTDIR;
    return locked.st_dev == named.st_dev && locked.st_ino == named.st_ino;
  }

 private:
  Descriptor fd_;
};

Descriptor open_dir(const std::string& dir) {
  return Descriptor(::open(dir.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
}

Status sync_directory(const std::string& dir) {
  const Descriptor fd = open_dir(dir);
  if (!fd.ok()) return refused("cannot open", dir);
  if (::fsync(fd.get()) != 0) return refused("cannot sync", dir);
  return ok_status();
}

// Opened without waiting (a pipe in a data directory would wait for its other end), and refused unless it is a file.
Descriptor open_without_waiting(const std::string& path, int flags) {
  return Descriptor(::open(path.c_str(), flags | O_NONBLOCK | O_CLOEXEC, 0600));
}
Status expect_file(const Descriptor& fd, const std::string& path) {
  struct stat found {};
  if (::fstat(fd.get(), &found) != 0) return refused("cannot look at", path);
  if (S_ISREG(found.st_mode)) return ok_status();
  return Error{Code::kInternal, path + " is not a file"};
}

// Some file systems have no O_DIRECT. Then what is read must at least not be what only the page cache has.
Result<Descriptor> open_file(const std::string& path, int flags) {
  Descriptor direct = open_without_waiting(path, flags | O_DIRECT);
  if (direct.ok()) {
    if (const Status file = expect_file(direct, path); !file) return file.error();
    return direct;
  }
  if (errno != EINVAL) return refused("cannot open", path);
  // It may have been created nevertheless, so no O_EXCL.
  Descriptor fd = open_without_waiting(path, flags & ~O_EXCL);
  if (fd.ok())
    if (const Status file = expect_file(fd, path); !file) return file.error();
  if (!fd.ok() || ::fdatasync(fd.get()) != 0) return refused("cannot open", path);
  ::posix_fadvise(fd.get(), 0, 0, POSIX_FADV_DONTNEED);
  return fd;
}

// A link on the way that another user made leads where that user wants, and elsewhere a moment later.
Status no_link_of_others(const std::string& dir) {
  for (std::size_t at = 0; at != std::string::npos;) {
    at = dir.find('/', at + 1);
    const std::string part = dir.substr(0, at);
    struct stat found {};
    if (::lstat(part.c_str(), &found) != 0 || !S_ISLNK(found.st_mode)) continue;
    if (found.st_uid == ::geteuid() || found.st_uid == 0) continue;
    return Error{
        Code::kInvalid,
        fmt::format("{} is a symbolic link that user {} made: name the directory itself, or make the link as "
                    "the user that runs this",
                    part, found.st_uid)};
  }
  return ok_status();
}

// The files tell which user changed what, and why, so only the user that the replica runs as may read them.
Status keep_private(int fd, const std::string& dir) {
  struct stat found {};
  if (::fstat(fd, &found) != 0) return refused("cannot look at", dir);
  if (found.st_uid != ::geteuid())
    return Error{Code::kInvalid,
                 fmt::format("{} belongs to user {}, and this process runs as user {}: run it as the owner "
                             "of the directory, or change the owner (chown)",
                             dir, found.st_uid, ::geteuid())};
  if ((found.st_mode & (S_IRWXG | S_IRWXO)) != 0 && ::fchmod(fd, S_IRWXU) != 0)
    return refused("cannot make private", dir);
  return ok_status();
}

class RealFiles final : public Files {
 public:
  Result<std::unique_ptr<File>> open(const std::string& path, Mode mode) override {
    const int flags = mode == Mode::kRead ? O_RDONLY : mode == Mode::kWrite ? O_RDWR : O_RDWR | O_CREAT | O_EXCL;
    auto fd = open_file(path, flags);
    if (!fd) return fd.error();
    return std::unique_ptr<File>(std::make_unique<RealFile>(std::move(fd).value(), path));
  }
  Result<std::vector<std::string>> list(const std::string& dir) override {
    DIR* const open = ::opendir(dir.c_str());
    if (open == nullptr) return refused("cannot open", dir);
    std::vector<std::string> names;
    while (const dirent* entry = ::readdir(open)) {
      const std::string name(static_cast<const char*>(entry->d_name));
      if (name != "." && name != "..") names.push_back(name);
    }
    ::closedir(open);
    return names;
  }
  Status create_dir(const std::string& dir) override {
    if (::mkdir(dir.c_str(), 0700) == 0) return sync_directory(parent_of(dir));
    if (errno == EEXIST) return ok_status();
    if (errno != ENOENT || parent_of(dir) == dir) return refused("cannot create", dir);
    if (auto status = create_dir(parent_of(dir)); !status) return status;
    if (::mkdir(dir.c_str(), 0700) != 0 && errno != EEXIST) return refused("cannot create", dir);
    return sync_directory(parent_of(dir));
  }
  Status remove(const std::string& path) override {
    if (::unlink(path.c_str()) == 0) return ok_status();
    return refused("cannot remove", path);
  }
  Result<Bytes> read_file(const std::string& path, std::size_t bytes_max) override {
    const Descriptor fd = open_without_waiting(path, O_RDONLY);
    if (!fd.ok() && errno == ENOTDIR) return Error{Code::kNotFound, path};
    if (fd.ok())
      if (const Status file = expect_file(fd, path); !file) return file.error();
    struct stat about {};
    if (!fd.ok() || ::fstat(fd.get(), &about) != 0) return refused("cannot read", path);
    const auto size = static_cast<std::uint64_t>(about.st_size);
    if (size > bytes_max) return Error{Code::kTooLarge, fmt::format("{} has {} bytes", path, size)};
    Bytes bytes(size);
    for (std::size_t at = 0; at < size;) {
      const ssize_t n = ::pread(fd.get(), bytes.data() + at, size - at, static_cast<off_t>(at));
      if (n < 0 && errno == EINTR) continue;
      if (n < 0) return refused("cannot read", path);
      if (n == 0) return Error{Code::kInternal, path + " became shorter while it was read"};
      at += static_cast<std::size_t>(n);
    }
    return bytes;
  }
  Status write_file(const std::string& path, ByteView contents) override {
    const Descriptor fd = open_without_waiting(path, O_WRONLY | O_CREAT | O_TRUNC);
    if (!fd.ok()) return refused("cannot write", path);
    if (Status file = expect_file(fd, path); !file) return file;
    while (!contents.empty()) {
      const ssize_t n = ::write(fd.get(), contents.data(), contents.size());
      if (n < 0 && errno == EINTR) continue;
      if (n < 0) return refused("cannot write", path);
      contents = contents.subspan(static_cast<std::size_t>(n));
    }
    if (::fsync(fd.get()) != 0) return refused("cannot sync", path);
    return ok_status();
  }
  Status rename(const std::string& from, const std::string& to) override {
    if (::rename(from.c_str(), to.c_str()) == 0) return ok_status();
    return refused("cannot rename", from);
  }
  Status sync_dir(const std::string& dir) override { return sync_directory(dir); }
  Result<std::unique_ptr<DirLock>> lock_dir(const std::string& dir, bool exclusive) override {
    if (const Status own = no_link_of_others(dir); !own) return own.error();
    Descriptor fd = open_dir(dir);
    if (!fd.ok()) return refused("cannot open", dir);
    if (const Status own = exclusive ? keep_private(fd.get(), dir) : ok_status(); !own) return own.error();
    if (::flock(fd.get(), (exclusive ? LOCK_EX : LOCK_SH) | LOCK_NB) != 0) return refused("cannot lock", dir);
    return std::unique_ptr<DirLock>(std::make_unique<RealLock>(std::move(fd)));
  }
};

}  // namespace

Files& real_files() {
  static RealFiles files;
  return files;
}

}  // namespace titer::store
