// SPDX-License-Identifier: Apache-2.0

// Progress: how far a query has come that is answered in steps, each of which looks at a bounded number of rows.
//
// Why: one thread runs the protocol and answers queries. A query that looks at every site of a nation would keep it from
// sending heartbeats. So the caller gives a number of rows, and when these are used up it gives the same query again later,
// with the same Progress. Another thread may answer, between two changes of the state; then the step also ends when the
// next change waits (`wanted`).
//
// Between two steps the state may change. Every row that is shown is as it stood at one of the steps: never older than the
// first of them. A site whose name or place changes between two steps may be missed or shown twice, as between two pages.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "base/ids.h"
#include "registry/query.h"

namespace titer::registry {

class NearWalk;

struct Progress {
  std::uint32_t rows = ~std::uint32_t{0};  // that this step may look at; it counts down
  bool unfinished = false;                 // they were used up first: give the query again

  // Where the next step begins. For the queries only.
  bool begun = false;
  bool full = false;         // the page is; only whether there is more is not known yet
  std::uint32_t shown = 0;   // rows, in all steps
  std::uint32_t passes = 0;  // over the changed sites, that have ended
  std::string name, id;      // of the last row that was looked at
  // Of the next event to look at, in each part of the history; or of the next row, and what else the query needs.
  std::array<std::uint64_t, 3> offsets{};
  Position position;               // of the last event that was shown
  std::optional<Along> along;      // of a list: the index that was chosen
  std::shared_ptr<NearWalk> near;  // shared: so that this header need not know it
  Explanation explanation;

  // Does somebody want the state who must not wait? The step ends then, once it has looked at kAtLeastRows, so that every
  // step gets somewhere. Null: nobody will.
  std::function<bool()> wanted;
  std::uint32_t rows_max = ~std::uint32_t{0};
  static constexpr std::uint32_t kAtLeastRows = 8;

  void begin_step(std::uint32_t rows_at_most) {
    rows = rows_max = rows_at_most;
    unfinished = false;
    ++explanation.steps;
  }
  // A row that is looked at is one; so is what takes as long: sixteen places that are too far away, eight blocks of names that are
  // passed over.
  void spend(std::uint32_t count) {
    rows -= std::min(rows, count);
    explanation.rows += count;
  }
  void looks_along(Along index) { explanation.indexes |= bit(index); }
  // Is a row left to look at? If not, the step is over.
  [[nodiscard]] bool goes_on() {
    unfinished = rows == 0 || (wanted && rows_max - rows >= kAtLeastRows && wanted());
    return !unfinished;
  }
};

}  // namespace titer::registry
