// SPDX-License-Identifier: Apache-2.0

// Files with secrets in them: passwords, private keys, keys of clients. A file that everybody on this machine may read is
// refused, because a process that has read the secret cannot be distinguished from its owner. Its group may read it (a
// service reads what root has written). Names that lead to anything but a small file are refused too (named_file.h).
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
