// SPDX-License-Identifier: Apache-2.0

// SiteWalk: the sites that may fit a filter, in the order of (name, id), along the index that has the fewest of them.
//
// Every index but that of places has its sites, within one ZIP code, state or product, in the order of names. So any of them
// serves a page in that order, a cursor into one is a cursor into every other, and the choice is by numbers alone: a filter that
// names a rare product and a large state is answered along the product. A part of a name is looked for along the index of names,
// without the blocks whose summary says that no name of theirs has it.
// Sites come once each. Whether a site fits is for Filter to say; the walk only leaves out some that do not.
//
// Lifetime: one step of a query; the store must not change meanwhile. One thread.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "registry/filter.h"
#include "registry/progress.h"
#include "registry/store.h"

namespace titer::registry {

// Which index, and about how many rows are looked at along it from the beginning to the end.
struct WalkPlan {
  Along along = Along::kNames;
  std::uint64_t rows = 0;
};
[[nodiscard]] WalkPlan plan_walk(const Store& store, const Filter& filter);

struct NameCursor {
  std::string_view name, id;  // both empty: the beginning
};

class SiteWalk {
 public:
  // From behind the cursor on.
  SiteWalk(const Store& store, const Filter& filter, Along along, NameCursor after);

  // The next site. kNil: the end; or, if the progress is unfinished, the rows of the step were used up by blocks that were passed over.
  [[nodiscard]] std::uint32_t next(Progress& progress);
  // The last site that the walk has come to or has passed over: where the next step begins.
  [[nodiscard]] std::uint32_t last() const { return last_; }

 private:
  // A piece of an ordered index.
  struct Run {
    OrderedIndex<>::Place at, end;
    std::uint32_t slot = kNil;  // at its head
  };
  struct Later {
    const Store& store;
    bool operator()(const Run& a, const Run& b) const;
  };
  void add_run(const OrderedIndex<>& index, OrderedIndex<>::Place from, OrderedIndex<>::Place to);
  // Moves on within a run. False: it is at its end.
  [[nodiscard]] bool step(Run& run) const;
  [[nodiscard]] std::uint32_t next_of_runs();
  [[nodiscard]] std::uint32_t next_of_names(Progress& progress);

  const Store& store_;
  const Filter& filter_;
  Along along_;
  std::uint32_t last_ = kNil;
  const OrderedIndex<>* index_ = nullptr;
  std::vector<Run> runs_;  // a heap, the first name on top
  NameIndex::Place name_;
  std::size_t passed_ = 0;  // blocks
};

}  // namespace titer::registry
