// SPDX-License-Identifier: Apache-2.0

// Importing one file, or the files of one SMART feed: read in pieces, one request per row, a window of them in flight, everything counted.
//
// One request per row and not a bulk: a row that the database refuses never affects its neighbours.
#pragma once

#include <cstdint>
#include <cstdio>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "client/gateway_client.h"
#include "formats/import_counts.h"
#include "formats/reader.h"

namespace titer::app {

class ImportJob {
 public:
  struct Options {
    std::vector<std::string> files;  // "-": standard input; several: one feed
    formats::ReadOptions read = {};
    std::string actor;
    // "FILE:LINE: field: why"; rejected: the row was left out, else it was corrected or looks wrong.
    std::function<void(const std::string& line, bool rejected)> problem;
    std::function<void()> progress;  // now and then
  };
  explicit ImportJob(Options options);
  ~ImportJob();
  ImportJob(const ImportJob&) = delete;
  ImportJob& operator=(const ImportJob&) = delete;

  // kInvalid: the file cannot be read at all. Rows sent before an error stay.
  [[nodiscard]] Status run(client::GatewayClient& client);
  // Reads and checks without a database.
  [[nodiscard]] Status dry_run();

  [[nodiscard]] const formats::ImportCounts& counts() const { return counts_; }
  // Share of the file that was read, 0 … 1; nullopt when its size is not known.
  [[nodiscard]] std::optional<double> share() const;
  [[nodiscard]] double seconds() const;

 private:
  Status open();
  Status open_file();
  void end_of_file();
  [[nodiscard]] std::string place(std::uint64_t line) const;  // "FILE:LINE"
  bool next(Bytes& body);
  // Reads until a row is there or the file ends.
  void read_more();
  void take_row(const formats::Row& row);
  void stop(const registry::Outcome& refused);
  void take_outcome(std::uint64_t index, const Result<registry::Outcome>& outcome);
  void tell(const formats::Problem& problem);

  Options options_;
  formats::Reader reader_;
  std::FILE* in_ = nullptr;
  std::vector<std::uint64_t> first_lines_ = {1};  // of each file, as the reader counts through
  std::uint64_t size_ = 0, done_ = 0;             // bytes of all files; 0: not known
  Bytes piece_;
  std::deque<Bytes> ready_;           // encoded requests not yet taken
  std::vector<std::uint64_t> lines_;  // of each request
  bool ended_ = false;
  bool dry_ = false;
  Status failed_ = ok_status();
  formats::ImportCounts counts_;
  std::int64_t began_us_ = 0, ended_us_ = 0, next_progress_us_ = 0;
};

}  // namespace titer::app
