// SPDX-License-Identifier: Apache-2.0

#include "store/inspect.h"

#include <utility>

#include "store/restore_mark.h"

namespace titer::store {

Result<Inspection> inspect(const std::string& dir, const StoreEnvironment& environment) {
  Files& files = environment.files;
  const auto lock = files.lock_dir(dir, false);
  if (!lock && lock.error().code == Code::kBusy)
    return Error{Code::kBusy, dir + " is in use by a replica that runs: stop it first"};
  if (!lock) return lock.error();
  if (const Status whole = expect_no_restore_mark(dir, files); !whole) return whole.error();
  auto identity = read_identity(dir, files);
  if (!identity) return identity.error();
  if (!*identity) return Error{Code::kNotFound, dir + " is not the data directory of a replica"};
  Inspection out;
  out.identity = **identity;
  machine::Machine machine;
  const Tables::Options options_of_tables{.dir = dir + "/tables",
                                          .cluster = out.identity.cluster,
                                          .me = out.identity.me,
                                          .read_only = true,
                                          .databases = &environment.databases,
                                          .files = &files};
  auto tables = Tables::open(options_of_tables);
  if (!tables) return Error{Code::kInternal, tables.error().message};  // who has an identity has tables
  if (const Status sound = tables->verify(); !sound) return sound.error();
  auto loaded = tables->load(machine);
  if (!loaded) return loaded.error();
  if (loaded->empty && !out.identity.lives.empty())
    return Error{Code::kInternal, "the tables in " + dir +
                                      " hold nothing, though this replica was a member: what they "
                                      "held is gone"};
  out.tables = loaded->head.standing.position;
  out.recoveries = loaded->head.recoveries;
  Replay replay(*loaded, machine, nullptr);
  JournalOptions options{dir + "/journal", out.identity.cluster, out.identity.me};
  options.known = loaded->journal();
  auto journal = Journal::verify(
      options, [&](RecordKind kind, const RecordName&, ByteView body) { return replay.record(kind, body); }, files);
  if (!journal) return journal.error();
  out.journal = *journal;
  auto found = std::move(replay).end(out.identity);
  if (!found) return found.error();
  out.inventory = std::move(found->inventory);
  out.recovered = std::move(found->recovered);
  out.reach = out.inventory.position;
  for (const smr::FramePtr& frame : out.recovered.frames)
    if (frame->uid() > out.recovered.checkpoint.last_executed) out.reach = Position(out.reach.value + frame->count);
  if (const Status sound = machine.registry().check(); !sound) return sound.error();
  out.digest = machine.digest();
  out.totals = machine.registry().totals();
  return out;
}

}  // namespace titer::store
