// SPDX-License-Identifier: Apache-2.0

// LocalSockets: where the Unix sockets of a local cluster's replicas are.
//
// In the data directory, beside the logs. When that path is too long for the kernel they are in a directory of their
// own under /tmp, which only this user can enter and which goes when this object goes. (A name in the abstract namespace
// would have no length to speak of, but no permissions either.)
// Thread rule: none; it does not change.
#pragma once

#include <cstdint>
#include <string>

#include "base/result.h"

namespace titer::cluster {

class LocalSockets {
 public:
  // For `count` replicas. The data directory is there.
  [[nodiscard]] static Result<LocalSockets> choose(const std::string& data_dir, std::uint16_t count);
  LocalSockets() = default;
  ~LocalSockets();
  LocalSockets(LocalSockets&& other) noexcept;
  LocalSockets& operator=(LocalSockets&& other) noexcept;

  [[nodiscard]] std::string path(std::uint16_t index) const;

 private:
  std::string folder_;
  std::string to_remove_;  // empty: the folder is not ours
};

}  // namespace titer::cluster
