// SPDX-License-Identifier: Apache-2.0

// SilentLog: while it lives, nothing is logged. The simulated processes log as real ones do, thousands of lines a run; an
// Observer shows what matters of them.
//
// A file of its own, because the log is the only thing outside of a run that the code in it touches.
// Thread rule: one thread; the log is the process's.
#pragma once

namespace titer::sim {

class SilentLog {
 public:
  SilentLog();
  ~SilentLog();
  SilentLog(const SilentLog&) = delete;
  SilentLog& operator=(const SilentLog&) = delete;

 private:
  int before_;  // the level
};

}  // namespace titer::sim
