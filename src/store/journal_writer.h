// SPDX-License-Identifier: Apache-2.0

// JournalWriter: the worker that writes what was committed, group by group, and says when it is on the disk.
//
// Why a worker: a sync blocks for a fifth of a millisecond or more, and the event loop must not. Why one: one group is
// under way at a time, so a group that was begun proves that all before it are on the disk; recovery rests on that
// (journal_reader.h). Records committed while the disk is busy go into the next group together, so the slower the
// disk, the larger the groups.
//
// A segment is used again only when a synced group said that it is not needed (its `oldest`), because from then on a
// crash may leave any mixture in it. The last block of every segment is kept back for such a group without records, so
// that a journal that has run out of room can always give its oldest segment to itself.
//
// Fail-stop: the first error of a write or a sync ends it. Nothing is written, synced or reported after; a sync that
// failed once may have lost anything, and asking again would only hide that.
// Thread rule: functions may be called from any thread, commit() and release() from one. Events come inside
// the worker's steps.
#pragma once

#include <atomic>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

#include "base/random.h"
#include "smr/types.h"
#include "store/batch_cursor.h"
#include "store/environment.h"
#include "store/journal_reader.h"
#include "store/segment_pool.h"

namespace titer::store {

// `synced`: every record with this ticket or a lower one is on the disk. `failed`: at most once, and nothing is synced
// after it. `room(false)`: no spare segment could be made; `room(true)`: now there is one again.
struct JournalEvents {
  std::function<void(std::uint64_t ticket)> synced;
  std::function<void(const Error& why)> failed;
  std::function<void(bool enough)> room;
};

struct JournalStats {
  std::uint64_t groups = 0, records = 0;  // written; a group is one write and one sync
  std::uint64_t record_bytes = 0;         // of records with their headers
  std::uint64_t written_bytes = 0;        // with group headers, segment headers and zeros
  std::uint64_t group_bytes_max = 0;      // largest
  std::uint64_t sync_us = 0;              // all writes with their syncs together
  std::uint64_t sync_us_max = 0;
  std::uint64_t segments_used = 0, segments_spare = 0;
  std::uint64_t next_group = 0;
};

class JournalWriter {
 public:
  // Writes on behind what was found; `found.used` is not empty.
  JournalWriter(JournalIdentity identity, FoundJournal found, SegmentPool& pool, JournalEvents events,
                const StoreEnvironment& environment);
  // Writes the committed records first.
  ~JournalWriter();
  JournalWriter(const JournalWriter&) = delete;
  JournalWriter& operator=(const JournalWriter&) = delete;

  // Takes the batch and leaves an empty one.
  void commit(JournalBatch& batch);
  void release(ViewNumber view, const smr::AckRow& bases);
  // Bytes of records on disk that are not known to be released, by whole segments.
  [[nodiscard]] std::uint64_t held() const { return held_; }
  [[nodiscard]] JournalStats stats() const;
  [[nodiscard]] JournalMark mark() const { return {salt_, stats().next_group - 1}; }

 private:
  struct Work {
    std::vector<JournalBatch> batches;
    std::vector<std::pair<ViewNumber, smr::AckRow>> releases;
    [[nodiscard]] bool any() const { return !batches.empty() || !releases.empty(); }
  };

  template <typename Add>
  void give(Add add);
  void step();
  void finish(Work work);
  Status perform(const Work& work);
  Status write_group(BatchCursor& cursor);
  Status begin_segment();
  Status write_and_sync(std::size_t in_front, std::size_t payload);
  Status free_in_need();
  void drop_released();
  void free_dropped();
  void count(std::size_t bytes, std::uint64_t us);
  [[nodiscard]] std::size_t left() const { return used_.back().file.bytes - end_; }
  [[nodiscard]] std::size_t room_for_records() const;

  const JournalIdentity identity_;
  SegmentPool& pool_;
  const JournalEvents events_;
  const std::function<std::int64_t()> monotonic_us_;

  // --- the worker's own
  std::deque<UsedSegment> used_;      // oldest first; back() is being written
  std::vector<SegmentFile> dropped_;  // not needed, but no synced group has said so yet
  Released released_;
  AlignedBuffer buffer_;
  const std::uint64_t salt_;
  std::uint64_t next_group_, previous_;
  std::uint64_t end_;  // of what is written in used_.back()
  Random nonces_;
  bool failed_ = false;

  // --- between it and the owner
  std::atomic<std::uint64_t> held_{0};
  mutable std::mutex lock_;  // for all below
  Work work_;
  std::vector<JournalBatch> empty_;  // done with; their memory is used again
  JournalStats stats_;
  std::unique_ptr<Worker> worker_;  // last: it uses everything above
};

// Writes the first header of a new journal into `file` and syncs it: from then on it is a journal.
[[nodiscard]] Result<FoundJournal> begin_journal(const JournalIdentity& identity, SegmentFile file,
                                                 std::uint64_t salt);

}  // namespace titer::store
