// SPDX-License-Identifier: Apache-2.0

// Files with secrets in them: passwords, private keys, keys of clients. One that everybody on this machine may read is
// refused, because whoever reads it later cannot be told from its owner. Its group may read it (a service of its own reads
// what root has written). Whatever else the name leads to is refused
// (named_file.h).
//
// Errors: kInvalid, with the file and what to do.
#pragma once

#include <string>

#include "base/result.h"
#include "net/named_file.h"

namespace titer::net {

// For files that somebody else reads. ok when there is none: the reader says so better.
[[nodiscard]] Status closed_to_others(const std::string& path);
// All of it.
[[nodiscard]] Result<std::string> read_secret(const std::string& path, Pipes pipes = Pipes::kRefused);
// The first line, without its end.
[[nodiscard]] Result<std::string> read_secret_line(const std::string& path, Pipes pipes = Pipes::kRefused);

}  // namespace titer::net
