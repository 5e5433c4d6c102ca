// SPDX-License-Identifier: Apache-2.0

// A disk that fails, for a process that is none the wiser: preloaded, it makes the system calls that write to files or
// sync them fail with EIO below one directory, once somebody says so.
//
// FAILING_DISK names the directory. When a file `fail-write` or `fail-sync` appears in it, writes (or syncs) of files below
// it fail from then on, until it is gone. A line per failure is appended to `failed`, so that a test sees how often it was
// tried. Reads go on: what the page cache has is no proof of anything.
//
// FAILING_DISK_STEP=N: the process is killed before the Nth call that would change something at or below the directory.
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <dlfcn.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <climits>
#include <cstdarg>
#include <cstdlib>
#include <string>

namespace {

std::string file_of(int fd) {
  char path[PATH_MAX];
  const ssize_t n = ::readlink(("/proc/self/fd/" + std::to_string(fd)).c_str(), path, sizeof path);
  return n > 0 ? std::string(path, static_cast<std::size_t>(n)) : std::string();
}

// A call that changes this path comes.
void step(const std::string& path) {
  static const char* const end = std::getenv("FAILING_DISK_STEP");
  static const char* const dir = std::getenv("FAILING_DISK");
  static std::atomic<int> steps{0};
  if (end == nullptr || dir == nullptr || (path + "/").rfind(std::string(dir) + "/", 0) != 0) return;
  if (++steps == std::atoi(end)) ::kill(::getpid(), SIGKILL);
}

bool fails(int fd, const char* what) {
  if (std::getenv("FAILING_DISK_STEP") != nullptr) step(file_of(fd));
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

int mkdir(const char* path, mode_t mode) {
  step(path);
  return next<int (*)(const char*, mode_t)>("mkdir")(path, mode);
}
int unlink(const char* path) {
  step(path);
  return next<int (*)(const char*)>("unlink")(path);
}
int rename(const char* from, const char* to) {
  step(to);
  return next<int (*)(const char*, const char*)>("rename")(from, to);
}
int open(const char* path, int flags, ...) {
  va_list more;
  va_start(more, flags);
  const auto mode =
      static_cast<mode_t>(va_arg(more, unsigned));  // read also where none was given, and then not used
  va_end(more);
  if ((flags & O_CREAT) != 0) step(path);
  return next<int (*)(const char*, int, ...)>("open")(path, flags, mode);
}
int open64(const char* path, int flags, ...) {
  va_list more;
  va_start(more, flags);
  const auto mode = static_cast<mode_t>(va_arg(more, unsigned));
  va_end(more);
  if ((flags & O_CREAT) != 0) step(path);
  return next<int (*)(const char*, int, ...)>("open64")(path, flags, mode);
}

}  // extern "C"
