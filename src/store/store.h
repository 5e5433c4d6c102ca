// SPDX-License-Identifier: Apache-2.0

// Store: a replica's disk, as the node sees it — the journal of what it holds, and the tables of what it has executed.
//
// The journal (journal.h) makes frames durable: appended in the order of smr's tickets, synced by a worker of its own,
// all of a turn together. The tables (tables.h) are the state at one executed position, moved lazily, in pieces, between
// the loop's turns, and written by another worker as one atomic batch. The journal may discard frames that the
// tables contain and that every member is known to hold (I7). After a restart: read the tables, then the journal from there on.
//
// A null frame answers no request, so no sync is made for it immediately: it waits for the next requests, but at most
// kNullPatienceUs. The bound also helps to distinguish a torn last group from a damaged one (journal_reader.h).
//
// Files, database, workers, clocks and chance come from outside (environment.h), so tests run this code on disks that lose and
// tear writes and go back in time.
//
// Thread rule: everything on the loop's thread; results of the workers come back through StoreEvents::post.
// Invariants: nothing is reported persisted that a crash could take away; the tables are at one position at any time; the
// journal has every frame beyond them.
// Errors: a disk that fails is never tried again: StoreEvents::failed, and the replica must stop (fail-stop). A full
// disk is not a failure as long as prepared space lasts: StoreEvents::room, of journal and tables together.
// Source: docs/explanation/protocol.md §7; docs/decisions/0011 for why the journal is ours.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/ids.h"
#include "base/result.h"
#include "machine/machine.h"
#include "smr/checkpoint.h"
#include "smr/replica.h"
#include "store/environment.h"
#include "store/identity.h"
#include "store/journal.h"
#include "store/materializer.h"
#include "store/scrub.h"
#include "store/tables.h"
#include "store/tables_writer.h"
#include "store/wrong_state.h"
#include "store/wrong_tables.h"
#include "wire/codec.h"

namespace titer::store {

// The limits of a store's work. The defaults are for production; tests make them small, so that rare cases happen often.
struct StoreLimits {
  // Of the journal (journal.h). A segment must hold the largest frame: limits::kDirectMessageBytesMax where clients may send that.
  std::uint64_t segment_bytes = std::uint64_t{8} << 20;
  std::uint64_t spare_bytes_max = std::uint64_t{128} << 20;
  // Tables are written when the journal holds so much, or after so long if anything changed, but not more often than
  // at_most: each costs the disk, and a start replays 128 MiB in a few seconds.
  std::uint64_t journal_bytes = std::uint64_t{128} << 20;
  std::int64_t tables_every_us = 10'000'000;
  std::int64_t tables_at_most_every_us = 1'000'000;
  std::size_t sites_waiting = Materializer::kSitesWaiting;  // changed: begin to write at the latest now
  std::size_t sites_learned = 16'384;                       // what a learner writes down at once, about 5 MB
  std::size_t piece_bytes = std::size_t{64} << 10;          // of the state, that is gathered in one turn
  // More than a donor's piece, or a batch would not end before the whole state is in it.
  std::size_t learned_piece_bytes = std::size_t{1} << 20;
  // That a disk must take at a start: what RocksDB writes when it opens, and more.
  std::size_t probe_bytes = std::size_t{1} << 20;
};

struct StoreOptions {
  std::string dir;
  std::uint64_t cluster = 0;
  ReplicaId me;
  Incarnation incarnation;
  std::vector<std::string> losses =
      {};                     // losses that an operator accepted, a sentence each: kept in the tables permanently
  int table_files_max = 256;  // of the tables, that are kept open
  StoreLimits limits = {};
};

struct StoreEvents {
  std::function<void(std::function<void()>)> post;  // from any thread: run this on the loop's
  std::function<void(std::uint64_t ticket)> persisted;
  std::function<void(const std::string& why)> failed;
  std::function<void(bool enough)> room;
  // The tables have this; the journal may forget what it permits (docs/explanation/protocol.md §7). For the simulator's checks.
  std::function<void(const smr::Checkpoint& checkpoint)> released = {};
  // Sees the requests of a frame that open() executes again: for the simulator.
  std::function<machine::Sink(const smr::FramePtr& frame)> replays = {};
  std::function<void(const std::string& what)> compared = {};  // what differed in a state that was wrong
  std::function<void(const std::string& what)> mismatch =
      {};  // the scrub found memory and tables to differ; again each round
};

struct StoreStats {
  JournalStats journal;
  std::uint64_t journal_held = 0;    // bytes of records that the tables lack, or that some member may lack
  Position tables;                   // where they stand
  std::uint64_t tables_written = 0;  // batches
  ScrubStats scrub;
};

class Store {
 public:
  // Reads all there is into `machine`, which must be new; `line` (may be null) gets a line per request that is executed
  // again. Error: the directory is another's, in use or damaged.
  [[nodiscard]] static Result<std::unique_ptr<Store>> open(
      StoreOptions options, StoreEvents events, machine::Machine& machine, const machine::LogSink& line,
      const StoreEnvironment& environment = real_environment());
  ~Store();
  Store(const Store&) = delete;
  Store& operator=(const Store&) = delete;

  // --- what was found
  [[nodiscard]] const wire::Inventory& inventory() const { return inventory_; }
  // inventory().whole: the state from which the replica resumes, if it restarts with the other members.
  [[nodiscard]] const smr::Recovered& recovered() const { return recovered_; }

  // --- how it continues: one of these, before anything is written. On disk when it returns.
  // A member of a new cluster; its state, if there is any (a backup), was built while the machine tracked its changes.
  [[nodiscard]] Status bootstrap(machine::Machine& machine, const smr::ViewRecord& first, LamportTime clock = {});
  void resume();                 // it restarts with the other members
  [[nodiscard]] Status learn();  // a learner: its state remains as a start, but the disk is no longer a member's

  // --- every turn
  void persist(const std::vector<smr::Output::Persist>& what);
  // Writes the persisted records to disk: requests immediately; null frames with the next requests, after kNullPatienceUs, or
  // when `urgent`.
  void commit(BootTime now, bool urgent);
  // Moves a piece of the state towards the tables when it is due. When to call again at the latest.
  [[nodiscard]] BootTime write_tables(BootTime now, machine::Machine& machine, const smr::Replica& replica);
  // Learner: few changes are missing in the tables, so joined() is short. It must be true before the replica reports that it
  // is ready.
  [[nodiscard]] bool keeps_up(const machine::Machine& machine) const {
    return enough_room() && machine.registry().changes() < options_.limits.sites_learned;
  }
  // Learner: the final state of the flush of `view` is in `machine`. `done` is called when it is on disk, if it is still
  // the newest then: that flush may have failed, and the next one have ended, before the disk was done.
  void joined(machine::Machine& machine, ViewNumber view, LamportTime clock, std::function<void()> done);
  // This disk is a member's, so no other is needed. The disk of a joiner becomes one when the line of the view in
  // which it joins is synced (docs/explanation/protocol.md §7).
  [[nodiscard]] bool has_durable_state() const { return role_ == Role::kMember && view_line_synced_; }
  // The newest view whose line is on disk.
  [[nodiscard]] ViewNumber installed() const { return installed_; }
  // A clean end: the state as it is goes into the tables, so that the next start has nothing to execute. Waits.
  void close(machine::Machine& machine, const smr::Replica& replica);
  // Before start_over(): so that it can be said what was wrong, when the others' state is here (wrong_state.h).
  void keep_wrong_state(const machine::Machine& machine);
  // Discards a learner's partial state, so the next start begins with an empty one. StoreEvents::failed, if it cannot.
  void start_over();
  // The last value of StoreEvents::room; open() does not report its first finding there.
  [[nodiscard]] bool enough_room() const { return enough_room_; }
  // There may be room again.
  void retry_room();

  [[nodiscard]] StoreStats stats() const;
  // Of this disk, and those that open() was told of.
  [[nodiscard]] const std::vector<std::string>& losses() const { return recoveries_; }

 private:
  // How long frames without requests wait for a sync: no client waits for their acknowledgements.
  static constexpr std::int64_t kNullPatienceUs = 10'000;
  static constexpr std::int64_t kLookEveryUs = 1'000'000;
  static constexpr const char* kWrongStateName = "wrong-state";

  enum class Role : std::uint8_t { kNone, kMember, kLearner };

  Store(StoreOptions options, StoreEvents events, const StoreEnvironment& environment)
      : options_(std::move(options)), events_(std::move(events)), environment_(environment) {}
  [[nodiscard]] Status lock();
  [[nodiscard]] Status read_identity();
  [[nodiscard]] Status read(machine::Machine& machine, const machine::LogSink& line);
  [[nodiscard]] JournalEvents journal_events();
  void synced(std::uint64_t ticket);
  [[nodiscard]] Status note_lives();
  [[nodiscard]] bool due(BootTime now, const machine::Machine& machine) const;
  [[nodiscard]] Materializer::Closing closing(smr::Checkpoint checkpoint, bool learning) const;
  void submit(TablesBatch batch);
  void submit_waiting();
  void scrub(BootTime now, const machine::Machine& machine);
  void compare_wrong_state(const machine::Machine& machine);
  void reported(const TablesWriter::Report& report);
  void look_for_directory(BootTime now);
  void looked(bool there);
  void fail(const std::string& why);
  void tell_room();

  StoreOptions options_;
  StoreEvents events_;
  const StoreEnvironment environment_;
  std::unique_ptr<DirLock> lock_;
  Identity identity_;
  wire::Inventory inventory_;
  smr::Recovered recovered_;
  std::vector<std::string> recoveries_;
  Role role_ = Role::kNone;
  bool view_line_synced_ = true;       // of a member; false: it has joined, and its view's line is not synced yet
  std::optional<std::uint64_t> line_;  // its ticket, when it is in the journal
  ViewNumber installed_;
  std::pair<std::uint64_t, ViewNumber> newest_line_;  // its ticket; becomes installed_ when that is synced

  std::unique_ptr<Journal> journal_;
  bool urgent_ = false;     // requests, or a view, are not committed yet
  BootTime waiting_since_;  // the oldest that is not committed; 0: nothing

  std::optional<Tables> tables_;
  std::optional<Materializer> materializer_;
  bool gathering_ = false;
  BootTime next_look_;                 // at whether the directory is still there
  bool looking_ = false;               // the worker does
  BootTime next_tables_;               // the earliest time for the next batch, if something changed
  Position closed_;                    // of the newest batch
  std::deque<TablesBatch> waiting_;    // a joiner's final states, while another batch is being written
  std::function<void()> when_joined_;  // null: nothing waits
  std::uint64_t joins_with_ = 0;       // the number of the batch that has the newest of them
  bool journal_short_ = false;         // no spare segment could be made
  bool no_space_ = false;              // the newest batch was refused …
  bool batch_waits_ = false;           // … and is not being tried again
  bool enough_room_ = true;            // neither of the two; as last reported
  bool failed_ = false;
  Scrub scrub_;
  struct Wrong {
    WrongState sites;
    WrongTables tables;
    std::optional<std::string> about_sites = {};  // these are compared
  };
  std::optional<Wrong> wrong_;                  // of an earlier process, not compared yet
  std::optional<TablesWriter::Rows> scrubbed_;  // what was read, and is not compared yet
  bool scrubbing_ = false;                      // a range is being read
  StoreStats stats_;
  std::unique_ptr<TablesWriter> writer_;  // its worker uses tables_
  std::unique_ptr<Worker> looker_;        // last: it uses lock_
};

}  // namespace titer::store
