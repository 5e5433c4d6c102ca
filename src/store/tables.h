// SPDX-License-Identifier: Apache-2.0

// Tables: the state machine's state on disk, as it was at one executed position.
//
// Five families of rows in a database (database.h): sites (slot → the site as State::read_transfer takes it), history (blocks
// of consecutive events of a lane), sessions (id → the session), idempotency keys (position → the record), meta (whose they are,
// the keys if there are any, the head). One batch moves them from one position to a later one, all or nothing: what changed and
// the head that says where that is. They follow the state lazily; the journal holds every frame beyond them, so recovery is:
// load these, replay that.
//
// The newest batch that was reported is noted in a file beside the database's. When RocksDB opens, it takes a damaged byte in
// its log for the end of it, and would give back an older batch without a word. The note may lag behind, never be ahead.
//
// Thread rule: open, load, wipe and the destructor on the owner's thread, with no write under way. write() from one
// thread at a time (TablesWriter), while the owner goes on with a Materializer.
// Invariants: what is found after a crash is exactly what one write() left, and never an older one than the newest
// that returned kWritten. A loaded state has the digest that the head names.
// Errors: sentences that say what to do. Wrong cluster, wrong replica, newer format: kInvalid. Damaged: kInternal;
// the tables are not to be trusted, the replica gets its state from the others. A write that failed for anything but
// space is final: the database cannot tell what reached the disk, and neither can we.
// Source: docs/explanation/protocol.md §7.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/ids.h"
#include "base/result.h"
#include "machine/machine.h"
#include "store/database.h"
#include "store/files.h"
#include "store/rocks_database.h"
#include "store/tables_head.h"

namespace titer::store {

// What of the state is in the tables, beyond what the head says: where a Materializer goes on.
struct Written {
  std::uint64_t batch = 0;  // Head::batch
  Position sessions;        // sessions used after it are not there as they are now
  std::set<SessionId> session_ids;
  Position idempotency;          // idempotency keys are there up to here …
  Position idempotency_dropped;  // … and above this
  struct Events {
    Position upto;                // blocks hold the events up to here
    std::deque<Position> blocks;  // the first position of each
    Bytes last_block;             // the last of them, while it has room
  };
  registry::PerLane<Events> events;
  Position access;  // keys and switch are there as of then
};

// Everything that one write changes, and the head. Made by a Materializer.
class TablesBatch;

// A piece of one of the tables, in the order of keys.
struct RowRange {
  // Their keys: the slot, the first position of a block, the session, the position of a record; of the last the only row is 0.
  enum class Of : std::uint8_t { kSites, kHistory, kSessions, kIdempotency, kAccess };
  Of of = Of::kSites;
  std::uint64_t first = 0;
  std::uint32_t count = 0;  // of sites: slots; of the others: rows at most
};
struct TableRow {
  std::uint64_t key = 0;
  Bytes value;  // as a TablesBatch took it
};

class Tables {
 public:
  struct Options {
    std::string dir;
    std::uint64_t cluster = 0;
    ReplicaId me;
    bool read_only = false;                     // they must be there; write() and wipe() are refused
    int files_max = 256;                        // that the database keeps open, at least 20
    Databases* databases = &rocks_databases();  // it and the files outlive this
    Files* files = &real_files();
  };
  // Makes them if there are none.
  [[nodiscard]] static Result<Tables> open(const Options& options);

  struct Loaded {
    bool empty = true;  // nothing was ever written: nothing below is set, the machine is as it was
    Head head;
    Written written;

    // The journal must reach it. That of a learner is of no use: its state comes from the members.
    [[nodiscard]] JournalMark journal() const {
      return empty || head.standing.learning ? JournalMark() : head.journal;
    }
  };
  // Rebuilds the state in a machine that has executed nothing. After an error that machine must be thrown away.
  [[nodiscard]] Result<Loaded> load(machine::Machine& machine) const;
  // The head alone; none: nothing was ever written.
  [[nodiscard]] Result<std::optional<Head>> head() const;
  [[nodiscard]] Result<std::vector<TableRow>> read(RowRange range) const;
  // Every block of every file is as it was written. load() looks at those that it reads.
  [[nodiscard]] Status verify() const;

  using End = Database::End;
  using Ended = Database::Ended;
  // A batch builds on all that were closed before it: when one of them is missing here, kFailed.
  [[nodiscard]] Ended write(const TablesBatch& batch);
  // Empties all of them as one change, except for their owner: a learner must start over.
  [[nodiscard]] Status wipe();

 private:
  friend class TablesBatch;
  Tables(const Options& options, std::unique_ptr<Database> database)
      : options_(options), database_(std::move(database)) {}
  // Whose the tables are, and in which format; written when they are made.
  [[nodiscard]] Status check_identity();
  [[nodiscard]] Status begin_identity();
  [[nodiscard]] Status note_newest(std::uint64_t newest) const;
  [[nodiscard]] Status check_newest() const;
  [[nodiscard]] Result<std::optional<Bytes>> get_meta(std::string_view key) const;
  [[nodiscard]] Error damaged(std::string_view what) const { return damaged_tables(options_.dir, what); }
  using LoadRow = std::function<Status(ByteView key, ByteView value)>;
  [[nodiscard]] Status each_row(Family family, const LoadRow& row) const;
  [[nodiscard]] Status load_history(machine::Machine& machine, Written& written) const;
  [[nodiscard]] Status load_sessions(machine::Machine& machine, Written& written) const;
  [[nodiscard]] Status load_access(machine::Machine& machine, Written& written) const;

  Options options_;
  std::unique_ptr<Database> database_;
  std::uint64_t batch_ = 0;  // Head::batch of what is written
};

class TablesBatch {
 public:
  explicit TablesBatch(const Tables& tables, std::size_t bytes_expected = 0)
      : rows_(tables.database_->batch(bytes_expected)) {}

  void put_site(std::uint32_t slot, ByteView part);
  void put_block(registry::Lane lane, Position first, ByteView events);
  void drop_block(registry::Lane lane, Position first);
  void put_session(SessionId id, ByteView session);
  void drop_session(SessionId id);
  void put_idempotency(Position position, ByteView record);
  void drop_idempotency(Position above, Position upto);
  void put_access(ByteView part);
  void put_head(Head head);

  [[nodiscard]] const Head& head() const { return head_; }
  [[nodiscard]] std::size_t bytes() const { return rows_->bytes(); }

 private:
  friend class Tables;
  std::unique_ptr<RowBatch> rows_;
  Head head_;
};

}  // namespace titer::store
