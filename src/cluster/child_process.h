// SPDX-License-Identifier: Apache-2.0

// ChildProcess: a child of the supervisor, with the socket through which they talk.
//
// The child finds the socket as file descriptor kControlFd. It runs in a process group of its own, so that
// Ctrl-C at the terminal reaches the supervisor only, which then stops its replicas in order.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "base/result.h"

namespace titer::cluster {

inline constexpr int kControlFd = 3;
// In the environment of a child: the secret of the replicas. Only processes of the same user can read another one's
// environment; a command line can be read by everybody.
inline constexpr const char* kSecretVariable = "TITER_REPLICA_SECRET";

struct ChildProcess {
  pid_t pid = -1;
  int control = -1;  // our end of the socket pair; the caller owns it
};

struct EnvironmentVariable {
  std::string name, value;
};

// Runs `program` with these arguments (argv[1…]), in our environment and `variable`; its output is appended to `log_path`.
[[nodiscard]] Result<ChildProcess> spawn(const std::string& program, const std::vector<std::string>& arguments,
                                         const std::string& log_path, const EnvironmentVariable& variable);

}  // namespace titer::cluster
