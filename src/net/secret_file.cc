// SPDX-License-Identifier: Apache-2.0

#include "net/secret_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

namespace titer::net {

namespace {

constexpr std::size_t kSecretBytesMax = std::size_t{1} << 20;  // a key with its whole chain has some KiB

Status judge(const struct stat& found, const std::string& path) {
  if (!S_ISREG(found.st_mode) || (found.st_mode & S_IRWXO) == 0) return ok_status();
  return Error{Code::kInvalid, "everybody on this machine may use " + path + ", which holds a secret: chmod 600 " +
                                   path + " (640 if its group is to read it)"};
}

Error unreadable(const std::string& path) {
  return {Code::kInvalid, "cannot read the secret in " + path + ": " + std::strerror(errno)};
}

}  // namespace

Status closed_to_others(const std::string& path) {
  struct stat found {};
  return ::stat(path.c_str(), &found) == 0 ? judge(found, path) : ok_status();
}

// The file that is judged is the one that is read, whatever its name means a moment later.
Result<std::string> read_secret(const std::string& path) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return unreadable(path);
  struct stat found {};
  Status status = ::fstat(fd, &found) == 0 ? judge(found, path) : Status(unreadable(path));
  std::string text;
  std::array<char, 4096> piece;
  for (ssize_t n = 1; status && n != 0 && text.size() <= kSecretBytesMax;) {
    n = ::read(fd, piece.data(), piece.size());
    if (n > 0) text.append(piece.data(), static_cast<std::size_t>(n));
    if (n < 0 && errno != EINTR) status = unreadable(path);
  }
  ::close(fd);
  if (!status) return status.error();
  if (text.size() > kSecretBytesMax) return Error{Code::kInvalid, path + " is too large for a secret"};
  return text;
}

Result<std::string> read_secret_line(const std::string& path) {
  auto text = read_secret(path);
  if (!text) return text;
  std::string line = text->substr(0, text->find('\n'));
  if (line.empty()) return Error{Code::kInvalid, "there is no secret in the first line of " + path};
  return line;
}

}  // namespace titer::net
