// SPDX-License-Identifier: Apache-2.0

// Scan: walks the groups of one segment that lies in memory.
//
// next() gives one whole group after another, each checked against the one before; at the first that is not, it stays
// there. Then latest() looks through the rest for headers of groups that belong to later writes.
// Thread rule: its owner's. Errors: none; the caller decides what a finding means.
#pragma once

#include <optional>

#include "store/journal_format.h"

namespace titer::store {

// The place between two groups.
struct JournalPlace {
  std::uint64_t at = kFileBlock;  // bytes from the segment's begin
  std::uint64_t next_group = 1;   // that must be here
  std::uint64_t previous = 0;     // what it must say of the one before
  std::uint64_t oldest = 1;       // the newest known
};

class SegmentScan {
 public:
  SegmentScan(ByteView segment, JournalPlace place, std::uint64_t salt)
      : segment_(segment), place_(place), salt_(salt) {}

  [[nodiscard]] const JournalPlace& place() const { return place_; }
  // The records of the group at place(), which moves behind it.
  [[nodiscard]] std::optional<ByteView> next();
  // The group that should be at place() announces itself with its header: how many bytes it would have.
  [[nodiscard]] std::uint64_t announced() const;

 private:
  ByteView segment_;
  JournalPlace place_;
  std::uint64_t salt_;
};

// The highest number of a group whose header lies at the begin of a block of `bytes`; 0: none.
[[nodiscard]] std::uint64_t highest_group(ByteView bytes, std::uint64_t salt);

}  // namespace titer::store
