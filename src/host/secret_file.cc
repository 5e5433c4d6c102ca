// SPDX-License-Identifier: Apache-2.0

#include "host/secret_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "base/check.h"
#include "net/secret_file.h"

namespace titer::host {

namespace {

Error wrong(const std::string& path, const std::string& what) { return {Code::kInvalid, path + ": " + what}; }

}  // namespace

wire::PeerSecret new_secret() {
  wire::PeerSecret::Key key{};
  TITER_CHECK(::getrandom(key.data(), key.size(), 0) == static_cast<ssize_t>(key.size()),
              "the kernel has random numbers");
  return wire::PeerSecret(key);
}

Result<wire::PeerSecret> read_secret(const std::string& path) {
  const auto line = net::read_secret_line(path);
  if (!line)
    return Error{Code::kInvalid, "the secret of the replicas: " + line.error().message +
                                     " (`titer init` makes the file, and every machine needs a copy)"};
  auto secret = wire::PeerSecret::parse(*line);
  if (!secret) return wrong(path, secret.error().message + "; `titer init` makes one");
  return secret;
}

Result<bool> make_secret(const std::string& path) {
  const int file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, S_IRUSR | S_IWUSR);
  if (file < 0 && errno == EEXIST) return false;
  const std::string line = new_secret().to_text() + "\n";
  const bool written = file >= 0 && ::write(file, line.data(), line.size()) == static_cast<ssize_t>(line.size()) &&
                       ::fsync(file) == 0;
  const int error = errno;
  if (file >= 0) ::close(file);
  if (written) return true;
  if (file >= 0) ::unlink(path.c_str());
  return wrong(path, fmt::format("cannot write the secret of the replicas: {}", std::strerror(error)));
}

}  // namespace titer::host
