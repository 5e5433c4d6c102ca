// SPDX-License-Identifier: Apache-2.0

// ImportRuns: the imports of this server, running and recently ended, for clients that ask for their progress.
//
// An import is answered when it is over, because a client that still sends its file need not read yet; how far it is, it
// can ask over another connection (GET /api/v1/imports). Each import reports with its tick, so a figure is milliseconds old.
//
// Limits: kRunningMax at a time, because each has hundreds of requests in flight, and may keep some 300 MiB of a large feed; of
// them kOfOneMax of one key (or, without one, of one address), so that one does not have all places; the last kEndedKept that
// are over. When all places are taken, the import that has waited longest for its client gives way, if that is longer than
// kGivesWayUs: so uploads that stand still keep nobody out.
// Thread rule: any worker; the lock is held for a copy.
#pragma once

#include <cstdint>
#include <deque>
#include <mutex>
#include <string>
#include <vector>

#include "base/ids.h"
#include "base/result.h"
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
  std::uint64_t address = 0;                        // whose it is where there is no key
  std::int64_t behind_us = 0;                       // waited for its client without much progress
  bool displaced = false;                           // it has given way
  std::uint64_t rows_answered = 0;                  // by the database; of a dry run: read
  std::uint64_t bytes_read = 0, bytes_to_read = 0;  // of the upload; to read: 0 is not known
  BootTime begun, ended;
};

class ImportRuns {
 public:
  static constexpr std::size_t kRunningMax = 4;
  static constexpr std::size_t kOfOneMax = 2;
  static constexpr std::size_t kEndedKept = 16;
  static constexpr std::int64_t kGivesWayUs = 5'000'000;

  // Gives it its number. kTooMany: too many of the same key or address are running; kBusy: too many in all.
  [[nodiscard]] Result<std::uint64_t> begin(const ImportRun& run);
  // By its number; once it is not running any more its place is free. False: it has given way and must end.
  [[nodiscard]] bool update(const ImportRun& run);
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
