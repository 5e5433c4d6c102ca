// SPDX-License-Identifier: Apache-2.0

#include "cluster/local_sockets.h"

#include <fmt/format.h>
#include <stdlib.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <utility>

#include "net/address.h"

namespace titer::cluster {

Result<LocalSockets> LocalSockets::choose(const std::string& data_dir, std::uint16_t count) {
  LocalSockets sockets;
  std::error_code error;
  sockets.folder_ = std::filesystem::canonical(data_dir, error).string();
  if (error) return Error{Code::kInternal, "cannot find " + data_dir + ": " + error.message()};
  if (sockets.path(count).size() <= net::kSocketPathBytesMax) return sockets;
  std::string pattern = "/tmp/titer-XXXXXX";
  if (::mkdtemp(pattern.data()) == nullptr)
    return Error{Code::kInternal, fmt::format("cannot make a directory under /tmp for the replicas' sockets: {}",
                                              std::strerror(errno))};
  sockets.folder_ = sockets.to_remove_ = pattern;
  return sockets;
}

LocalSockets::~LocalSockets() {
  std::error_code ignored;
  if (!to_remove_.empty()) std::filesystem::remove_all(to_remove_, ignored);
}

LocalSockets::LocalSockets(LocalSockets&& other) noexcept
    : folder_(std::exchange(other.folder_, {})), to_remove_(std::exchange(other.to_remove_, {})) {}

LocalSockets& LocalSockets::operator=(LocalSockets&& other) noexcept {
  std::swap(folder_, other.folder_);
  std::swap(to_remove_, other.to_remove_);
  return *this;
}

std::string LocalSockets::path(std::uint16_t index) const {
  return fmt::format("{}/replica-{}.sock", folder_, index);
}

}  // namespace titer::cluster
