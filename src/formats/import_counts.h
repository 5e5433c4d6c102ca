// SPDX-License-Identifier: Apache-2.0

// What became of an import's rows, counted; the same words wherever an import is reported.
#pragma once

#include <cstdint>
#include <string_view>

#include "registry/request.h"

namespace titer::formats {

inline constexpr std::string_view kNothingTaken =
    "nothing of this file was taken: see the rejected rows, or a dry run, for what is wrong with it";

struct ImportCounts {
  std::uint64_t rows = 0;  // given to the database
  std::uint64_t added = 0, updated = 0, unchanged = 0;
  std::uint64_t out_of_date = 0;  // of those: the stock was newer in the database and stays
  std::uint64_t rejected = 0;     // by the reader or by the database
  std::uint64_t notes = 0;        // corrected or doubtful, but imported
  std::uint64_t blank = 0;        // rows of blank fields alone, which say nothing

  // The answer to one row. True: its site was taken (its stock too, unless it is out of date).
  bool count(const registry::Outcome& outcome) {
    const bool taken = outcome.code == Code::kOk || outcome.code == Code::kOutOfDate;
    ++(!taken ? rejected : outcome.created ? added : outcome.changed ? updated : unchanged);
    if (outcome.code == Code::kOutOfDate) ++out_of_date;
    return taken;
  }
  // Of an import that is over: nothing of the file is in the database. In a dry run: nothing would be.
  [[nodiscard]] bool took_nothing(bool dry_run) const {
    return (dry_run ? rows : added + updated + unchanged) == 0;
  }
};

}  // namespace titer::formats
