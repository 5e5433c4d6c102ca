// What a disk says when a process starts: identity, tables, and the journal from there on.
#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "smr/recovery.h"
#include "store/store.h"

namespace titer::store {

namespace {

Result<smr::FramePtr> read_frame(ByteView body) {
  auto message = wire::next_message(body);
  if (!message) return message.error();
  if (!*message || !body.empty()) return Error{Code::kInternal, "a frame in the journal is cut short"};
  auto decoded = wire::decode_peer(**message);
  if (!decoded) return decoded.error();
  const auto* frame = std::get_if<smr::FramePtr>(&decoded.value());
  if (frame == nullptr) return Error{Code::kInternal, "a record of the journal is not a frame"};
  return *frame;
}

// A record of the journal into the recovery; what ended with a view is executed.
Status replay(smr::Recovery& recovery, RecordKind kind, ByteView body, machine::Machine& machine,
              const machine::LogSink& line) {
  if (kind == RecordKind::kFrame) {
    auto frame = read_frame(body);
    return frame ? recovery.frame(std::move(frame).value()) : frame.error();
  }
  const auto installed = wire::decode_installed(body);
  if (!installed) return installed.error();
  const auto frames = recovery.installed(*installed);
  if (!frames) return frames.error();
  for (const smr::FramePtr& frame : *frames) machine.execute(*frame, nullptr, line);
  return ok_status();
}

}  // namespace

Result<std::unique_ptr<Store>> Store::open(StoreOptions options, StoreEvents events, machine::Machine& machine,
                                           const machine::LogSink& line) {
  std::unique_ptr<Store> store(new Store(std::move(options), std::move(events)));
  if (Status known = store->read_identity(); !known) return known.error();
  if (Status read = store->read(machine, line); !read) return read.error();
  store->identity_.lives.push_back(store->options_.incarnation);
  if (store->inventory_.whole)
    if (Status noted = store->note_lives(); !noted) return noted.error();
  return store;
}

Status Store::read_identity() {
  Files& files = real_files();
  if (Status made = files.create_dir(options_.dir); !made) return made;
  auto lock = files.lock_dir(options_.dir, true);
  if (!lock)
    return Error{lock.error().code, options_.dir +
                                        " is in use by another process that still runs; stop that one first (" +
                                        lock.error().message + ")"};
  lock_ = std::move(lock).value();
  auto identity = store::read_identity(options_.dir);
  if (!identity) return identity.error();
  identity_ = {options_.cluster, options_.me, {}};
  if (!*identity) return ok_status();
  identity_ = **identity;
  return same_owner(options_.dir, identity_, options_.cluster, options_.me);
}

Status Store::read(machine::Machine& machine, const machine::LogSink& line) {
  auto tables = Tables::open({options_.dir + "/tables", options_.cluster, options_.me, false, nullptr});
  if (!tables) return tables.error();
  tables_.emplace(std::move(tables).value());
  auto loaded = tables_->load(machine);
  if (!loaded) return loaded.error();
  machine.track_changes(true);
  recoveries_ = loaded->head.recoveries;
  closed_ = stats_.tables = loaded->head.standing.position;
  // A learner's tables are of different positions: there is nothing that the journal could continue.
  const bool whole = !loaded->empty && !loaded->head.standing.learning;
  smr::Recovery recovery(loaded->head.checkpoint);
  auto journal = Journal::open({options_.dir + "/journal", options_.cluster, options_.me}, journal_events(),
                               [&](RecordKind kind, const RecordName&, ByteView body) {
                                 return whole ? replay(recovery, kind, body, machine, line) : ok_status();
                               });
  if (!journal) return journal.error();
  journal_ = std::move(journal).value();
  recovered_ = std::move(recovery).end();
  take_inventory(machine, whole);
  materializer_.emplace(*tables_, std::move(loaded->written));
  writer_ = std::make_unique<TablesWriter>(
      *tables_, [this](const TablesWriter::Report& report) { events_.post([this, report] { reported(report); }); });
  return ok_status();
}

JournalEvents Store::journal_events() {
  JournalEvents events;
  events.synced = [this](std::uint64_t ticket) { events_.post([this, ticket] { events_.persisted(ticket); }); };
  events.failed = [this](const Error& why) { events_.post([this, text = why.message] { fail(text); }); };
  events.room = [this](bool enough) { events_.post([this, enough] { events_.room(enough); }); };
  return events;
}

void Store::take_inventory(const machine::Machine& machine, bool whole) {
  const smr::ViewRecord& installed = recovered_.checkpoint.installed;
  const smr::Member* member = installed.find(options_.me);
  inventory_.whole = whole && member != nullptr;
  inventory_.installed = installed.number;
  inventory_.position = machine.position();
  if (!inventory_.whole) return;
  // Lives before that membership can be in no record any more.
  std::vector<Incarnation>& lives = identity_.lives;
  if (const auto at = std::ranges::find(lives, member->incarnation); at != lives.end())
    lives.erase(lives.begin(), at + 1);
  inventory_.lives.push_back(member->incarnation);
  inventory_.lives.insert(inventory_.lives.end(), identity_.lives.begin(), identity_.lives.end());
}

}  // namespace titer::store
