// SPDX-License-Identifier: Apache-2.0

// Snapshot: all sites as they were at one position, put together from answers of several.
//
// All pages are read, then what has changed since the first of them: those rows replace the older ones, and what did not
// change since is as it was, so the whole is the state of that last answer. This is asked even if all pages have the same
// position, because a page may have rows that are newer than it (machine/machine.h). No write ever waits for it.
//
// SnapshotBuilder says what to ask next and takes the answers; the owner of the connection asks. When too much
// changes meanwhile for one answer it starts again, three times in all. Pure; one thread.
#pragma once

#include <cstdint>
#include <deque>
#include <string_view>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "base/ids.h"
#include "base/limits.h"
#include "base/result.h"
#include "registry/query.h"
#include "registry/types.h"

namespace titer::client {

inline constexpr int kSnapshotAttempts = 3;
// The order of a list.
[[nodiscard]] inline bool comes_before(const registry::Site& a, const registry::Site& b) {
  return std::pair(a.name, a.id) < std::pair(b.name, b.id);
}

struct Reply {
  Position position;  // the state that was read
  Bytes body;         // rows as in wire/codec.h
};

// Sorted by name (bytes), then id.
struct Snapshot {
  Position position;
  std::vector<registry::Site> sites;  // views into `rows`
  std::deque<Bytes> rows;
};

class SnapshotBuilder {
 public:
  explicit SnapshotBuilder(bool with_closed, std::uint32_t page_rows = limits::kPageMax)
      : with_closed_(with_closed), page_rows_(page_rows) {}

  // Its texts live until take().
  [[nodiscard]] registry::Query next() const;
  // The answer to next(), or that it failed. True: there is more to ask.
  [[nodiscard]] Result<bool> take(Reply&& reply);
  [[nodiscard]] Result<bool> failed(const Error& error);
  // After take() said false.
  [[nodiscard]] Snapshot finish() &&;

 private:
  [[nodiscard]] Result<bool> take_changed();

  bool with_closed_;
  std::uint32_t page_rows_;
  bool pages_done_ = false;
  int attempts_ = 1;
  Position first_, last_;  // of the pages
  std::deque<Bytes> rows_;
  std::vector<registry::Site> sites_;    // of the pages, in their order
  std::vector<registry::Site> changed_;  // since the first page
};

}  // namespace titer::client
