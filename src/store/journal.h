// SPDX-License-Identifier: Apache-2.0

// Journal: what a replica holds, on disk before it says so.
//
// A log of records (frames, installed views) in a directory of its own. append() gathers, commit() has what has
// gathered written and synced by the journal's worker, and Events::synced says when it is safe to tell others. The
// event loop waits for no disk.
//
// Why our own, and not the log of the database that keeps the tables: docs/decisions/0011. The bytes are described in
// journal_format.h, what a start makes of them in journal_reader.h, the writing in journal_writer.h.
//
// Thread rule: everything from one thread, the owner's; stats() and held() from any. Events come inside the steps of the
// journal's workers, and perhaps before open() returns (room); they must not block and not call back.
// Invariants: 1. after a crash the journal is a prefix of what was appended, with everything reported synced. 2. after
// `failed` nothing is reported synced. 3. a record that is not released is there at the next start.
// Limits: a record fits a group (record_bytes_max); 8 MiB segments. Records committed while the disk hangs wait in
// memory; the protocol's flow limits bound them.
// Errors: open() refuses a directory that is locked, damaged, or of another cluster, replica or version, and says what
// to do. Later ones come by Events::failed.
#pragma once

#include <memory>
#include <utility>

#include "store/journal_writer.h"

namespace titer::store {

struct JournalOptions {
  std::string dir;
  std::uint64_t cluster = 0;
  ReplicaId me;
  std::uint64_t segment_bytes = std::uint64_t{8} << 20;      // a multiple of 4 KiB
  std::uint64_t spare_bytes_max = std::uint64_t{128} << 20;  // of free segments that are kept for use
  JournalMark known = {};                                    // a journal that does not reach it is damaged
};

class Journal {
 public:
  using Visitor = RecordVisitor;

  // Shows everything that may still be needed to `visitor`, in the order in which it was appended; an error of its ends
  // open() with it. A missing or empty directory becomes a journal.
  [[nodiscard]] static Result<std::unique_ptr<Journal>> open(
      const JournalOptions& options, JournalEvents events, const Visitor& visitor,
      const StoreEnvironment& environment = real_environment());
  // Reads and checks everything, creates and changes nothing. kBusy: a replica is running on it.
  [[nodiscard]] static Result<JournalContents> verify(const JournalOptions& options, const Visitor& visitor,
                                                      Files& files = real_files());

  // What the start found.
  [[nodiscard]] const JournalContents& contents() const { return contents_; }

  // Tickets rise; records that are appended with one ticket are committed together. `encode(Bytes&)` appends the body.
  template <typename Encode>
  void append(std::uint64_t ticket, RecordKind kind, const RecordName& name, Encode&& encode) {
    const std::size_t at = gathered_.bytes.size();
    write_record_header(gathered_.bytes, kind, name);
    std::forward<Encode>(encode)(gathered_.bytes);
    end_record(at, ticket, kind, name);
  }
  // Writes and syncs what has been appended.
  void commit();
  // Bytes appended, not committed.
  [[nodiscard]] std::size_t uncommitted() const { return gathered_.bytes.size(); }

  // These are not needed any more: records of earlier views; in `view`, of each transmitter those up to its base; and
  // installs of views up to `view`.
  void release(ViewNumber view, const smr::AckRow& bases) { writer_->release(view, bases); }
  // The newest group that is synced.
  [[nodiscard]] JournalMark mark() const { return writer_->mark(); }
  // There may be room on the disk again.
  void retry_room() { pool_->retry(); }

  // Bytes of records on disk that a start would read, except those of segments that are wholly released.
  [[nodiscard]] std::uint64_t held() const { return writer_->held(); }
  [[nodiscard]] JournalStats stats() const { return writer_->stats(); }
  [[nodiscard]] std::size_t record_bytes_max() const { return record_bytes_max_; }  // of a body

 private:
  Journal(const JournalOptions& options, std::unique_ptr<DirLock> lock, const JournalContents& found);
  void end_record(std::size_t at, std::uint64_t ticket, RecordKind kind, const RecordName& name);

  const std::unique_ptr<DirLock> lock_;
  const JournalContents contents_;
  const std::size_t record_bytes_max_;
  JournalBatch gathered_;
  std::uint64_t last_ticket_ = 0, committed_ticket_ = 0;
  // The writer uses the pool, so it goes first.
  std::unique_ptr<SegmentPool> pool_;
  std::unique_ptr<JournalWriter> writer_;
};

}  // namespace titer::store
