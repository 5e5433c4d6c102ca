// SPDX-License-Identifier: Apache-2.0

// Files that an operator names: configurations, certificates, secrets, lists, logs. The name may lead to anything: a directory,
// a device without an end, a pipe that nobody writes to, a socket. Opening and reading end in every case, with a sentence that
// says what is there.
//
// Why: opening a pipe waits for its other end and reading /dev/zero never ends. A command could be interrupted, but a replica
// that reads its certificate again would stop serving.
//
// Errors: kInvalid, with the file. Thread rule: any. Functions that read pipes may wait for kPipePatienceMs, the others do not.
#pragma once

#include <cstddef>
#include <cstdio>
#include <string>

#include "base/result.h"

struct stat;

namespace titer::net {

inline constexpr std::size_t kSmallFileBytesMax = std::size_t{1} << 20;  // a key with its whole chain has some KiB
inline constexpr int kPipePatienceMs = 10'000;  // until somebody writes the first byte into a pipe

// For a reader that opens the file itself and wants all of it: a regular file of at most kSmallFileBytesMax. ok when there is
// none: the reader says so better.
[[nodiscard]] Status expect_small_file(const std::string& path);
// All of it. `rule`: what else the file has to be; it judges the very file that is read. kRead: for the files of a command,
// which may wait for whoever writes into a pipe (`--key @<(pass show titer)`).
using FileRule = Status (*)(const std::string& path, const struct stat& found);
enum class Pipes : bool { kRefused, kRead };
[[nodiscard]] Result<std::string> read_small_file(const std::string& path, FileRule rule = nullptr,
                                                  Pipes pipes = Pipes::kRefused);

// For a writer: a regular file, a terminal or another character device; a file that is not there is made. The
// file that is judged is the one that was opened. `flags`: those of open(), such as O_WRONLY | O_APPEND. The caller closes it.
[[nodiscard]] Result<int> open_output(const std::string& path, int flags, unsigned mode);

// To read from its beginning to its end, whatever its length: a regular file, a pipe into which somebody writes, a character
// device. The caller closes it, and bounds what a device without an end may do.
[[nodiscard]] Result<std::FILE*> open_input(const std::string& path);

}  // namespace titer::net
