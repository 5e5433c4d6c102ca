// SPDX-License-Identifier: Apache-2.0

// A disk that fails, for a process that is none the wiser: preloaded, it makes the system calls that write to files or
// sync them fail with EIO below one directory, once somebody says so.
//
// FAILING_DISK names the directory. When a file `fail-write` or `fail-sync` appears in it, writes (or syncs) of files below
// it fail from then on, until it is gone. A line per failure is appended to `failed`, so that a test sees how often it was
// tried. Reads go on: what the page cache has is no proof of anything.
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <dlfcn.h>
#include <fcntl.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

#include <cerrno>
#include <climits>
#include <cstdlib>
#include <string>

namespace {

std::string file_of(int fd) {
  char path[PATH_MAX];
  const ssize_t n = ::readlink(("/proc/self/fd/" + std::to_string(fd)).c_str(), path, sizeof path);
  return n > 0 ? std::string(path, static_cast<std::size_t>(n)) : std::string();
}

bool fails(int fd, const char* what) {
  const char* dir = std::getenv("FAILING_DISK");
  if (dir == nullptr || ::access((std::string(dir) + "/fail-" + what).c_str(), F_OK) != 0) return false;
  const std::string file = file_of(fd);
  if (!file.starts_with(std::string(dir) + "/")) return false;
  const std::string line = std::string(what) + " " + file + "\n";
  static auto* const write_really =
      reinterpret_cast<ssize_t (*)(int, const void*, size_t)>(::dlsym(RTLD_NEXT, "write"));
  const int log = ::open((std::string(dir) + "/failed").c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
  if (log >= 0) {
    (void)!write_really(log, line.data(), line.size());
    ::close(log);
  }
  errno = EIO;
  return true;
}

template <typename Function>
Function next(const char* name) {
  return reinterpret_cast<Function>(::dlsym(RTLD_NEXT, name));
}

}  // namespace

extern "C" {

ssize_t write(int fd, const void* bytes, size_t n) {
  static const auto real = next<ssize_t (*)(int, const void*, size_t)>("write");
  return fails(fd, "write") ? -1 : real(fd, bytes, n);
}
ssize_t pwrite(int fd, const void* bytes, size_t n, off_t at) {
  static const auto real = next<ssize_t (*)(int, const void*, size_t, off_t)>("pwrite");
  return fails(fd, "write") ? -1 : real(fd, bytes, n, at);
}
ssize_t pwrite64(int fd, const void* bytes, size_t n, off64_t at) {
  static const auto real = next<ssize_t (*)(int, const void*, size_t, off64_t)>("pwrite64");
  return fails(fd, "write") ? -1 : real(fd, bytes, n, at);
}
int fsync(int fd) {
  static const auto real = next<int (*)(int)>("fsync");
  return fails(fd, "sync") ? -1 : real(fd);
}
int fdatasync(int fd) {
  static const auto real = next<int (*)(int)>("fdatasync");
  return fails(fd, "sync") ? -1 : real(fd);
}

}  // extern "C"
