// SPDX-License-Identifier: Apache-2.0

// Files with secrets in them: passwords, private keys, keys of clients. One that everybody on this machine may read is
// refused, because whoever reads it later cannot be told from its owner. Its group may read it (a service of its own reads
// what root has written). Pipes and devices are read as they are.
//
// Errors: kInvalid, with the file and what to do.
#pragma once

#include <string>

#include "base/result.h"

namespace titer::net {

// For files that somebody else reads. ok when there is none: the reader says so better.
[[nodiscard]] Status closed_to_others(const std::string& path);
// All of it.
[[nodiscard]] Result<std::string> read_secret(const std::string& path);
// The first line, without its end.
[[nodiscard]] Result<std::string> read_secret_line(const std::string& path);

}  // namespace titer::net
