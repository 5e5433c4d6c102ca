// SPDX-License-Identifier: Apache-2.0

// What became of an import's rows, counted; the same words wherever an import is reported.
#pragma once

#include <cstdint>

#include "registry/request.h"

namespace titer::formats {

struct ImportCounts {
  std::uint64_t rows = 0;  // given to the database
  std::uint64_t added = 0, updated = 0, unchanged = 0;
  std::uint64_t out_of_date = 0;  // of those: the stock was newer in the database and stays
  std::uint64_t rejected = 0;     // by the reader or by the database
  std::uint64_t notes = 0;        // corrected or doubtful, but imported

  // The answer to one row. True: its site was taken (its stock too, unless it is out of date).
  bool count(const registry::Outcome& outcome) {
    const bool taken = outcome.code == Code::kOk || outcome.code == Code::kOutOfDate;
    ++(!taken ? rejected : outcome.created ? added : outcome.changed ? updated : unchanged);
    if (outcome.code == Code::kOutOfDate) ++out_of_date;
    return taken;
  }
};

}  // namespace titer::formats
