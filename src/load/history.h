// SPDX-License-Identifier: Apache-2.0

// The load's operations on file, as docs/reference/history.md has them, for `titer check`.
//
// A write is on file before it is sent, so a load that is killed leaves nothing behind that happened and is not there.
// Answers and reads wait in memory for the next write: to lose them makes the history say less, never something wrong.
// Moments are of CLOCK_MONOTONIC. One thread. Blocks for a write(2) to the page cache per request.
#pragma once

#include <memory>
#include <string>

#include "base/result.h"
#include "check/history.h"

namespace titer::load {

class LoadHistory {
 public:
  // Truncates the file.
  [[nodiscard]] static Result<std::unique_ptr<LoadHistory>> open(const std::string& path);
  ~LoadHistory();
  LoadHistory(const LoadHistory&) = delete;
  LoadHistory& operator=(const LoadHistory&) = delete;

  // Of a write, before it is sent for the first time.
  void called(const check::Op& op);
  // With its answer.
  void answered(const check::Op& op);
  // Error: something could not be written; the history is not complete.
  [[nodiscard]] Status close();

 private:
  explicit LoadHistory(int file) : file_(file) {}
  void flush();

  int file_;
  int error_ = 0;  // errno of the first write that failed
  std::string text_;
};

}  // namespace titer::load
