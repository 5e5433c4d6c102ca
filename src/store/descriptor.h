// SPDX-License-Identifier: Apache-2.0

// Descriptor: a file descriptor that is closed with its owner. Moved, never copied. Closing reports no errors, so the owner
// syncs before it whatever must be on disk. Thread rule: its owner's.
#pragma once

#include <unistd.h>

#include <utility>

namespace titer::store {

class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  Descriptor(Descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Descriptor& operator=(Descriptor&&) = delete;
  [[nodiscard]] int get() const { return fd_; }
  [[nodiscard]] bool ok() const { return fd_ >= 0; }

 private:
  int fd_;
};

}  // namespace titer::store
