// SPDX-License-Identifier: Apache-2.0

// EventRing: events in the order of their positions, the newest ones, as compact records in a ring of bytes. The history
// has three of them (event_log.h).
//
// Why bytes: an event of a stock line takes about 40 bytes in one piece, 200,000 of them fit 8 MB; appending is a
// copy and allocates nothing once the ring is full (a chunk that ran empty is used again).
// Records stand in chunks of 64 KiB; a record is named by its offset in the endless sequence of all bytes ever
// appended. Each record knows the distance to the one before of the same site in this ring, so a site's history is a
// walk and not a scan.
//
// It keeps exactly the longest tail of its events within the bounds, which depends on the events alone (their age
// is counted in commit times): replicas that received the tail by transfer keep the same one. Records hold no
// interned number for this reason too; a site is its slot, which is the same everywhere.
// One thread. Views in a Record live until the record is dropped.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/ids.h"
#include "registry/keys.h"
#include "registry/paged.h"
#include "registry/types.h"

namespace titer::registry {

// An event with what only undo needs. `event.site_id` is not kept here: the owner sets it from the slot.
struct Record {
  Event event;
  std::uint32_t slot = kNil;  // kNil: it concerns no site
  WallTime valid_before;      // of the stock line, when it existed
  bool source_kept = true;    // the line's source did not change; else it was:
  std::string_view source_before;
  KeyId key;                   // of the request; kNoKey: it had none
  bool excess = false;         // beyond the key's share (event_log.h)
  std::uint64_t previous = 0;  // offset + 1 of this site's event before in this ring; 0: none
  std::uint64_t next = 0;      // offset of the record after this one
};

class EventRing {
 public:
  struct Bounds {
    std::size_t events;
    std::size_t bytes;
    std::int64_t age_ms;  // by commit times
  };
  explicit EventRing(Bounds bounds) : bounds_(bounds) {}

  // Appends and returns the offset. Drops nothing: that is for the owner, after the whole request is executed.
  // `previous` as in Record. Positions never fall.
  std::uint64_t append(const Record& record);
  // It holds more than its bounds allow, or an event that is too old at `now`: the oldest is to be dropped.
  [[nodiscard]] bool over(WallTime now) const;
  // What a record counts for, and whom.
  struct Weight {
    KeyId key;
    std::uint64_t bytes = 0;
  };
  Weight drop_oldest();  // there is one
  [[nodiscard]] Weight weight(std::uint64_t offset) const;
  // Events up to here count as dropped: of another replica's history, which this one becomes.
  void set_dropped(Position dropped) { dropped_ = dropped; }

  // Offsets: the oldest kept record, and the end.
  [[nodiscard]] std::uint64_t begin() const { return begin_; }
  [[nodiscard]] std::uint64_t end() const { return end_; }
  [[nodiscard]] std::size_t events() const { return count_; }
  [[nodiscard]] std::size_t bytes() const;  // of memory
  // The sum of a hash per event that is kept; of what the event says, not of its place.
  [[nodiscard]] std::uint64_t digest() const { return digest_; }
  // Events up to here may be missing; above, all are kept.
  [[nodiscard]] Position dropped() const { return dropped_; }
  [[nodiscard]] Position newest() const { return newest_; }  // of the last event ever appended
  [[nodiscard]] Position oldest() const;                     // of the oldest kept; 0 if none

  // The record at an offset from begin() to end(); out's vectors are used again.
  void read(std::uint64_t offset, Record& out) const;
  // The same without reading all of it.
  struct Place {
    Position position;
    std::uint64_t next = 0;
  };
  [[nodiscard]] Place place(std::uint64_t offset) const;
  // Where the first record with a position above `since` is; end() if there is none.
  [[nodiscard]] std::uint64_t above(Position since) const;
  // The offsets of all records of the chunk that ends at (or holds) `before`, below `before`, oldest first.
  // For walking backwards.
  void offsets_before(std::uint64_t before, std::vector<std::uint64_t>& out) const;
  // A record as bytes for another replica, and back. read_record: false if malformed.
  void write_record(std::uint64_t offset, Bytes& out) const;
  [[nodiscard]] static bool read_record(ByteView in, Record& out);

  // Rollback of a bulk: forgets everything appended since.
  struct Mark {
    std::uint64_t end = 0;
    std::size_t count = 0;
    Position newest;
    std::uint64_t digest = 0;
  };
  [[nodiscard]] Mark mark() const { return {end_, count_, newest_, digest_}; }
  void rewind(const Mark& mark);

 private:
  struct Chunk {
    std::unique_ptr<std::byte[]> data;
    std::size_t capacity = 0;
    std::uint64_t start = 0;  // offset of the first byte; chunks join without a gap
    std::size_t used = 0;
    Position first;  // of its first record
  };
  [[nodiscard]] std::byte* room(std::size_t size, Position position);
  [[nodiscard]] const Chunk& chunk_of(std::uint64_t offset) const;
  [[nodiscard]] const std::byte* at(std::uint64_t offset) const;
  [[nodiscard]] const std::byte* front() const {
    return chunks_.front().data.get() + (begin_ - chunks_.front().start);
  }
  void recycle(Chunk& chunk);

  Bounds bounds_;
  std::deque<Chunk> chunks_;
  std::vector<Chunk> spare_;
  std::uint64_t begin_ = 0, end_ = 0;
  std::size_t count_ = 0;
  std::uint64_t digest_ = 0;
  Position dropped_, newest_;
  Bytes extra_;  // scratch of append
};

}  // namespace titer::registry
