// SPDX-License-Identifier: Apache-2.0

// ImportRuns: the imports of this server, running and lately ended, for whoever waits for one.
//
// An import is answered when it is over, because a client that still sends its file need not read yet; how far it is, it
// can ask over another connection (GET /api/v1/imports). Each import reports with its tick, so a figure is milliseconds old.
//
// Limits: kRunningMax at once, since each has hundreds of requests in flight; the last kEndedKept that are over.
// Thread rule: any worker; the lock is held for a copy.
#pragma once

#include <cstdint>
#include <deque>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "base/ids.h"
#include "formats/import_counts.h"
#include "registry/keys.h"

namespace titer::api {

struct ImportRun {
  enum class State : std::uint8_t { kRunning, kDone, kFailed, kGone };  // kGone: its client went away

  std::uint64_t number = 0;
  std::string label;   // as its client called it
  registry::KeyId by;  // whose import it is; kNoKey: nobody's
  std::string_view format;
  bool dry_run = false;
  State state = State::kRunning;
  formats::ImportCounts counts;
  std::uint64_t rows_answered = 0;                  // by the database; of a dry run: read
  std::uint64_t bytes_read = 0, bytes_to_read = 0;  // of the upload; to read: 0 is not known
  BootTime begun, ended;
};

class ImportRuns {
 public:
  static constexpr std::size_t kRunningMax = 4;
  static constexpr std::size_t kEndedKept = 16;

  // Gives it its number. nullopt: too many are running.
  [[nodiscard]] std::optional<std::uint64_t> begin(const ImportRun& run);
  // By its number; once it is not running any more its place is free.
  void update(const ImportRun& run);
  // Newest first.
  [[nodiscard]] std::vector<ImportRun> list();

 private:
  std::mutex mutex_;
  std::uint64_t last_number_ = 0;
  std::deque<ImportRun> runs_;
};

// One of them as a JSON object: counts, rate, and the time left when the length of the upload is known. The label is what a
// person has written: only for those who may see who did what.
[[nodiscard]] std::string json(const ImportRun& run, BootTime now, bool with_label);

}  // namespace titer::api
