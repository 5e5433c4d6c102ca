// SPDX-License-Identifier: Apache-2.0

#include "net/named_file.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

namespace titer::net {

namespace {

const char* kind_of(mode_t mode) {
  if (S_ISDIR(mode)) return "a directory";
  if (S_ISFIFO(mode)) return "a pipe";
  if (S_ISSOCK(mode)) return "a socket";
  return "a device";
}

Error not_a_file(const std::string& path, const struct stat& found) {
  return {Code::kInvalid, path + " is " + kind_of(found.st_mode) + ": name a file"};
}

Error cannot(const char* what, const std::string& path) {
  return {Code::kInvalid, std::string("cannot ") + what + " " + path + ": " + std::strerror(errno)};
}

Error too_large(const std::string& path) {
  return {Code::kInvalid, path + " is larger than the 1 MiB that such a file may have"};
}

Status judge(const std::string& path, const struct stat& found) {
  if (!S_ISREG(found.st_mode)) return not_a_file(path, found);
  if (static_cast<std::size_t>(found.st_size) > kSmallFileBytesMax) return too_large(path);
  return ok_status();
}

int open_to_read(const std::string& path) { return ::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC); }

// Sockets have no other way to be told.
Error unopened(const std::string& path) {
  const int error = errno;
  struct stat found {};
  if (::stat(path.c_str(), &found) == 0 && S_ISSOCK(found.st_mode)) return not_a_file(path, found);
  errno = error;
  return cannot("read", path);
}

// A pipe that was opened without waiting has no end yet: its first byte is waited for.
Status wait_for_writer(int fd, const std::string& path) {
  pollfd wait{fd, POLLIN, 0};
  int ready = 0;
  do ready = ::poll(&wait, 1, kPipePatienceMs);
  while (ready < 0 && errno == EINTR);
  if (ready > 0) return ok_status();
  return Error{Code::kInvalid, path + " is a pipe, and nobody writes to it"};
}

}  // namespace

Status expect_small_file(const std::string& path) {
  struct stat found {};
  return ::stat(path.c_str(), &found) == 0 ? judge(path, found) : ok_status();
}

// The file that is judged is the one that is read, whatever its name means a moment later.
Result<std::string> read_small_file(const std::string& path, FileRule rule, Pipes pipes) {
  const int fd = open_to_read(path);
  if (fd < 0) return unopened(path);
  struct stat found {};
  Status status = ::fstat(fd, &found) == 0 ? ok_status() : Status(cannot("read", path));
  const bool pipe = pipes == Pipes::kRead && S_ISFIFO(found.st_mode);
  if (status && !pipe) status = judge(path, found);
  if (status && !pipe && rule != nullptr) status = rule(path, found);
  std::string text;
  std::array<char, 4096> piece;
  for (ssize_t n = 1; status && n != 0 && text.size() <= kSmallFileBytesMax;) {
    if (pipe) status = wait_for_writer(fd, path);
    n = status ? ::read(fd, piece.data(), piece.size()) : 0;
    if (n > 0) text.append(piece.data(), static_cast<std::size_t>(n));
    if (n < 0 && errno != EINTR) status = cannot("read", path);
  }
  ::close(fd);
  if (status && text.size() > kSmallFileBytesMax) status = too_large(path);
  if (!status) return status.error();
  return text;
}

Result<int> open_output(const std::string& path, int flags, unsigned mode) {
  // Without waiting: a pipe would wait for its reader. It is emptied when it is known to be a file.
  const int fd = ::open(path.c_str(), (flags & ~O_TRUNC) | O_CREAT | O_NONBLOCK | O_CLOEXEC, mode);
  const int error = errno;
  struct stat found {};
  const bool known = fd >= 0 ? ::fstat(fd, &found) == 0 : ::stat(path.c_str(), &found) == 0;
  const bool wrong_kind = known && !S_ISREG(found.st_mode) && !S_ISCHR(found.st_mode);
  Status status = wrong_kind ? Status(not_a_file(path, found)) : ok_status();
  errno = error;
  if (status && (fd < 0 || !known)) status = cannot("write", path);
  if (status && (flags & O_TRUNC) != 0 && S_ISREG(found.st_mode) && ::ftruncate(fd, 0) != 0)
    status = cannot("empty", path);
  const int mask = status ? ::fcntl(fd, F_GETFL) : 0;
  if (status && (mask < 0 || ::fcntl(fd, F_SETFL, mask & ~O_NONBLOCK) < 0)) status = cannot("write", path);
  if (status) return fd;
  if (fd >= 0) ::close(fd);
  return status.error();
}

Result<std::FILE*> open_input(const std::string& path) {
  const int fd = open_to_read(path);
  if (fd < 0) return unopened(path);
  struct stat found {};
  Status status = ::fstat(fd, &found) == 0 ? ok_status() : Status(cannot("read", path));
  if (status && (S_ISDIR(found.st_mode) || S_ISBLK(found.st_mode))) status = not_a_file(path, found);
  // Into one behind a link, such as /dev/fd/63, somebody writes already, and may take long to begin.
  struct stat named {};
  if (status && ::lstat(path.c_str(), &named) == 0 && S_ISFIFO(named.st_mode)) status = wait_for_writer(fd, path);
  const int flags = ::fcntl(fd, F_GETFL);
  if (status && (flags < 0 || ::fcntl(fd, F_SETFL, flags & ~O_NONBLOCK) < 0)) status = cannot("read", path);
  std::FILE* const file = status ? ::fdopen(fd, "rb") : nullptr;
  if (file != nullptr) return file;
  if (status) status = cannot("read", path);
  ::close(fd);
  return status.error();
}

}  // namespace titer::net
