// SPDX-License-Identifier: Apache-2.0

// BatchCursor: walks the records of several batches and cuts them into groups that fit.
//
// Thread rule: the writer's thread. Invariant: records come out in the order in which they were appended, each once.
#pragma once

#include <cstring>
#include <optional>
#include <span>
#include <vector>

#include "base/check.h"
#include "store/held_records.h"
#include "store/journal_format.h"

namespace titer::store {

// The records that were appended between two commits.
struct JournalBatch {
  struct Entry {
    std::uint64_t ticket = 0;
    std::uint32_t bytes = 0;  // with its header
    RecordKind kind = RecordKind::kFrame;
    RecordName name;
  };
  Bytes bytes;  // records, one after another
  std::vector<Entry> entries;

  void clear() {
    bytes.clear();
    entries.clear();
  }
};

class BatchCursor {
 public:
  struct Cut {
    std::size_t records = 0, bytes = 0;
  };

  // No batch is empty.
  explicit BatchCursor(const std::vector<JournalBatch>& batches) : batches_(batches) {}

  [[nodiscard]] bool done() const { return batch_ == batches_.size(); }
  [[nodiscard]] std::size_t next_bytes() const { return next().bytes; }

  // As many of the next records as fit into `room` bytes.
  [[nodiscard]] Cut fit(std::size_t room) const {
    Cut cut;
    for (BatchCursor ahead = *this; !ahead.done() && cut.bytes + ahead.next_bytes() <= room; ahead.step()) {
      cut.bytes += ahead.next_bytes();
      ++cut.records;
    }
    return cut;
  }

  // Copies them and notes their names. Returns the highest ticket of which no record is still to come, if it rose.
  std::optional<std::uint64_t> take(const Cut& cut, std::span<std::byte> out, HeldRecords& held) {
    std::optional<std::uint64_t> complete;
    std::size_t at = 0;
    for (std::size_t i = 0; i < cut.records; ++i) {
      const JournalBatch::Entry& entry = next();
      TITER_CHECK(at + entry.bytes <= out.size(), "what fit() counted fits");
      std::memcpy(out.data() + at, batches_[batch_].bytes.data() + byte_, entry.bytes);
      held.add(entry.kind, entry.name);
      at += entry.bytes;
      step();
      if (done() || next().ticket != entry.ticket) complete = entry.ticket;
    }
    return complete;
  }

 private:
  [[nodiscard]] const JournalBatch::Entry& next() const { return batches_[batch_].entries[entry_]; }
  void step() {
    byte_ += next().bytes;
    if (++entry_ < batches_[batch_].entries.size()) return;
    ++batch_;
    entry_ = byte_ = 0;
  }

  const std::vector<JournalBatch>& batches_;
  std::size_t batch_ = 0, entry_ = 0, byte_ = 0;  // of the next record
};

}  // namespace titer::store
