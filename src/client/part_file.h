// SPDX-License-Identifier: Apache-2.0

// PartFile: a file that is under its name whole or not at all. It is written as NAME.part; finish() has it synced and
// renamed. Destroyed before that, it leaves nothing.
//
// A file that is replaced keeps its mode and, where that is allowed, its group. Of a symbolic link the target is replaced. A
// character device, a pipe or a socket is written to directly: renaming over it would take it away. A disk is refused.
//
// One writer at a time: a second one is refused. kForbidden: what is there is of another user, in a directory where everybody may
// write. Other errors: the system's words. Thread rule: one thread; it waits for the disk.
#pragma once

#include <cstdint>
#include <string>

#include "base/bytes.h"
#include "base/result.h"

namespace titer::client {

class PartFile {
 public:
  // `name` plus ".part" is created, or emptied. `mode`: of a file that is new, less the process's umask.
  [[nodiscard]] static Result<PartFile> open(const std::string& name, unsigned mode);
  ~PartFile();
  PartFile(PartFile&& other) noexcept;
  PartFile& operator=(PartFile&&) = delete;

  [[nodiscard]] Status append(ByteView bytes);
  // From the beginning; an error if something was written directly.
  [[nodiscard]] Status restart();
  // On disk under `name` when it returns; an existing file is replaced.
  [[nodiscard]] Status finish(const std::string& name);
  [[nodiscard]] std::uint64_t bytes() const { return bytes_; }

 private:
  PartFile(int fd, std::string path, bool direct) : fd_(fd), path_(std::move(path)), direct_(direct) {}
  int fd_;
  std::string path_;  // of the part, or of what is written directly
  bool direct_;
  std::uint64_t bytes_ = 0;
};

}  // namespace titer::client
