// SPDX-License-Identifier: Apache-2.0

// What a disk says when a process starts: identity, tables, and the journal from there on.
#include <algorithm>
#include <chrono>
#include <utility>

#include "smr/recovery.h"
#include "store/replay.h"
#include "store/sealed_file.h"
#include "store/store.h"

namespace titer::store {

namespace {

constexpr int kLockAttempts = 100;  // two seconds
constexpr std::chrono::milliseconds kLockPause{20};

// RocksDB ends the process when its first writes fail. So it is not opened on a disk that takes none.
Status probe(Files& files, const std::string& dir, std::size_t bytes) {
  const std::string path = dir + "/probe";
  (void)files.remove(path);  // of a process that was killed here
  auto file = files.open(path, Files::Mode::kCreate);
  if (!file) return file.error();
  AlignedBuffer zeros;
  zeros.grow_to(bytes);
  std::fill(zeros.span().begin(), zeros.span().end(), std::byte{0});
  Status written = write_all(**file, 0, zeros.span());
  if (written) written = (*file)->sync();
  (void)files.remove(path);
  if (written) return written;
  return Error{written.error().code, "the disk takes nothing: " + written.error().message +
                                         ". Make room on it, or repair it, and start the replica again."};
}

}  // namespace

Result<std::unique_ptr<Store>> Store::open(StoreOptions options, StoreEvents events, machine::Machine& machine,
                                           const machine::LogSink& line, const StoreEnvironment& environment) {
  std::unique_ptr<Store> store(new Store(std::move(options), std::move(events), environment));
  if (Status locked = store->lock(); !locked) return locked.error();
  if (Status known = store->read_identity(); !known) return known.error();
  const StoreOptions& mine = store->options_;
  if (Status writable = probe(environment.files, mine.dir, mine.limits.probe_bytes); !writable)
    return writable.error();
  if (Status read = store->read(machine, line); !read) return read.error();
  store->identity_.lives.push_back(store->options_.incarnation);
  if (store->inventory_.whole)
    if (Status noted = store->note_lives(); !noted) return noted.error();
  return store;
}

Status Store::lock() {
  Files& files = environment_.files;
  if (Status made = files.create_dir(options_.dir); !made) return made;
  // A killed process keeps its lock until its last thread has come back from the disk.
  auto lock = files.lock_dir(options_.dir, true);
  for (int i = 0; !lock && lock.error().code == Code::kBusy && i < kLockAttempts; ++i) {
    environment_.workers.pause(kLockPause);
    lock = files.lock_dir(options_.dir, true);
  }
  if (!lock && lock.error().code != Code::kBusy) return lock.error();
  if (!lock)
    return Error{lock.error().code, options_.dir +
                                        " is in use by another process that still runs; stop that one first (" +
                                        lock.error().message + ")"};
  lock_ = std::move(lock).value();
  return ok_status();
}

Status Store::read_identity() {
  auto identity = store::read_identity(options_.dir, environment_.files);
  if (!identity) return identity.error();
  identity_ = {options_.cluster, options_.me, {}};
  if (!*identity) return ok_status();
  identity_ = **identity;
  return same_owner(options_.dir, identity_, options_.cluster, options_.me);
}

Status Store::read(machine::Machine& machine, const machine::LogSink& line) {
  auto tables = Tables::open({options_.dir + "/tables", options_.cluster, options_.me, false,
                              options_.table_files_max, &environment_.databases, &environment_.files});
  if (!tables) return tables.error();
  tables_.emplace(std::move(tables).value());
  auto loaded = tables_->load(machine);
  if (!loaded) return loaded.error();
  machine.track_changes(true);
  recoveries_ = loaded->head.recoveries;
  if (const auto digests =
          read_sealed(options_.dir + "/" + kWrongStateName, SealedKind::kWrongState, environment_.files);
      digests && *digests) {
    ByteReader in(**digests);
    auto sites = WrongState::from(in.blob());
    auto others = WrongTables::from(in.blob());
    if (sites && others && in.done()) wrong_ = Wrong{std::move(*sites), std::move(*others)};
  }
  for (const std::string& loss : options_.losses)
    if (std::ranges::find(recoveries_, loss) == recoveries_.end()) recoveries_.push_back(loss);
  closed_ = stats_.tables = loaded->head.standing.position;
  Replay replay(*loaded, machine, line, events_.replays);
  const JournalOptions options{
      options_.dir + "/journal",       options_.cluster, options_.me, options_.limits.segment_bytes,
      options_.limits.spare_bytes_max, loaded->journal()};
  const auto record = [&](RecordKind kind, const RecordName&, ByteView body) { return replay.record(kind, body); };
  auto journal = Journal::open(options, journal_events(), record, environment_);
  if (!journal) return journal.error();
  journal_ = std::move(journal).value();
  auto found = std::move(replay).end(identity_);
  if (!found) return found.error();
  recovered_ = std::move(found->recovered);
  inventory_ = std::move(found->inventory);
  if (inventory_.whole) identity_.lives = inventory_.lives;
  materializer_.emplace(*tables_, std::move(loaded->written));
  writer_ = std::make_unique<TablesWriter>(
      *tables_, environment_.workers,
      [this](const TablesWriter::Report& report) { events_.post([this, report] { reported(report); }); });
  looker_ = environment_.workers.start([this] {
    const auto segments = environment_.files.list(options_.dir + "/journal");
    const bool there = lock_->still_at(options_.dir) && has_identity(options_.dir, environment_.files) &&
                       (segments || segments.error().code != Code::kNotFound);
    events_.post([this, there] { looked(there); });
  });
  return ok_status();
}

JournalEvents Store::journal_events() {
  JournalEvents events;
  events.synced = [this](std::uint64_t ticket) { events_.post([this, ticket] { synced(ticket); }); };
  events.failed = [this](const Error& why) { events_.post([this, text = why.message] { fail(text); }); };
  events.room = [this](bool enough) {
    events_.post([this, enough] {
      journal_short_ = !enough;
      tell_room();
    });
  };
  return events;
}

}  // namespace titer::store
