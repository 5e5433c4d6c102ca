// SPDX-License-Identifier: Apache-2.0

// ExecutionLog: one line per executed request, `uid: result`, in a file, which makes the order of execution visible.
//
// Of the files of any two replicas of a cluster one is a prefix of the other. For that a replica that joins gets the
// lines it missed from its donor; what it wrote in an earlier life is such a prefix already and is kept. A process
// that restarts from its disk executes again what its tables did not have yet; lines that are in the file already are
// recognized by their uids and not written twice. A teaching and checking tool: off unless --execution-log is given.
// Written once a turn; a killed process loses nothing that it had written.
//
// Errors: a file that cannot be written is reported once and the log ends; service continues. Thread rule: the loop's thread.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"

namespace titer::node {

class ExecutionLog {
 public:
  ExecutionLog() = default;  // off
  ~ExecutionLog();
  ExecutionLog(ExecutionLog&& other) noexcept;
  ExecutionLog& operator=(ExecutionLog&& other) noexcept;

  // `keep`: continue after the complete lines in the file (a restarted replica); else start a new file.
  [[nodiscard]] static Result<ExecutionLog> open(const std::string& path, bool keep);

  [[nodiscard]] bool on() const { return fd_ >= 0; }
  [[nodiscard]] std::uint64_t bytes() const { return bytes_; }
  void append(std::string_view line);
  void flush();

  // Donor: appends a kTransferLog message with up to about `bytes_max` bytes from offset `from` on to `out`;
  // returns the offset after it. Nothing is appended when there is nothing new.
  std::uint64_t write_part(std::uint64_t from, std::size_t bytes_max, Bytes& out);
  // Learner: takes such a message's payload over.
  [[nodiscard]] Status read_part(ByteView payload);

 private:
  // Place of a line in the order of execution: ts, transmitter, index in the frame.
  using Place = std::array<std::uint64_t, 3>;
  [[nodiscard]] static Place place(std::string_view line);
  void find_last_place();
  void fail(const char* what);

  int fd_ = -1;
  std::uint64_t bytes_ = 0;  // in the file and in pending_
  std::string pending_;
  Place last_kept_{};  // of the file when it was opened; lines up to it are there
};

}  // namespace titer::node
