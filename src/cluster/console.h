// SPDX-License-Identifier: Apache-2.0

// Console: what the operator types at `titer cluster`, and what comes back.
//
// The original's rule is kept: an index kills that replica, at most t-1 may be down. Everything else is a
// word. Pure but for the supervisor it commands; reading lines and printing is the caller's.
#pragma once

#include <string>
#include <string_view>

#include "cluster/supervisor.h"

namespace titer::cluster {

class Console {
 public:
  explicit Console(Supervisor& supervisor) : supervisor_(supervisor) {}

  // The text to print for a line typed; may be empty.
  [[nodiscard]] std::string line(std::string_view text);
  // True after `quit`.
  [[nodiscard]] bool quit() const { return quit_; }
  [[nodiscard]] static std::string_view prompt() {
    return "Index of a replica to kill (or: start I, status, quit): ";
  }

 private:
  [[nodiscard]] std::string kill(std::string_view index);
  [[nodiscard]] std::string start(std::string_view index);

  Supervisor& supervisor_;
  bool quit_ = false;
};

}  // namespace titer::cluster
