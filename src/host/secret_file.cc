// SPDX-License-Identifier: Apache-2.0

#include "host/secret_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <fstream>

#include "base/check.h"

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
  struct stat found {};
  if (::stat(path.c_str(), &found) != 0)
    return wrong(path, fmt::format("cannot read the secret of the replicas ({}): `titer init` makes it, and every "
                                   "machine needs a copy",
                                   std::strerror(errno)));
  if ((found.st_mode & (S_IRWXG | S_IRWXO)) != 0)
    return wrong(path, "others may read the secret of the replicas: chmod go-rwx it");
  std::ifstream file(path);
  std::string line;
  if (!std::getline(file, line)) return wrong(path, "cannot read the secret of the replicas");
  auto secret = wire::PeerSecret::parse(line);
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
