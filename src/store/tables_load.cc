// SPDX-License-Identifier: Apache-2.0

// The tables back into a state machine: sites, events, sessions, idempotency keys, and last the head, whose digest must come out.

#include <algorithm>
#include <functional>
#include <utility>
#include <vector>

#include "store/materializer.h"
#include "store/tables_database.h"

namespace titer::store {
namespace {

constexpr std::size_t kReadAheadBytes = std::size_t{2} << 20;

using Row = std::function<Status(ByteView key, ByteView value)>;

// All rows of a family in the order of their keys.
Status each_row(const Tables::Database& from, Family family, const Row& row) {
  rocksdb::ReadOptions options;
  options.fill_cache = false;  // read once
  options.readahead_size = kReadAheadBytes;
  const std::unique_ptr<rocksdb::Iterator> at(from.db->NewIterator(options, from.families[family]));
  for (at->SeekToFirst(); at->Valid(); at->Next()) {
    if (Status s = row(bytes_of(at->key()), bytes_of(at->value())); !s) return from.damaged(s.error().message);
  }
  return at->status().ok() ? ok_status() : Status(from.error(at->status()));
}

Result<std::uint64_t> number_of(ByteView key) {
  if (key.size() != sizeof(std::uint64_t)) return Error{Code::kProtocol, "a key is malformed"};
  std::uint64_t v = 0;
  for (const std::byte b : key) v = v << 8 | static_cast<std::uint64_t>(b);
  return v;
}

Status load_sites(const Tables::Database& from, machine::Machine& machine) {
  return each_row(from, kSites, [&](ByteView, ByteView part) { return machine.restore_registry(part); });
}

Status load_history(const Tables::Database& from, machine::Machine& machine, Written& written) {
  return each_row(from, kHistory, [&](ByteView key, ByteView block) -> Status {
    const auto number = number_of(key);
    if (!number) return number.error();
    const std::uint64_t lane = *number >> kLaneShift;
    if (lane >= registry::kLanes) return Error{Code::kProtocol, "a block of no known part of the history"};
    Written::Events& into = written.events.each[lane];
    into.blocks.emplace_back(*number & ((std::uint64_t{1} << kLaneShift) - 1));
    into.last_block.assign(block.begin(), block.end());
    return machine.restore_registry(block);
  });
}

// They lie by id; the table must get them in the order of their last use, for that is the order in which it evicts.
Status load_sessions(const Tables::Database& from, machine::Machine& machine, Written& written) {
  std::vector<std::pair<Position, Bytes>> sessions;
  Status read = each_row(from, kSessions, [&](ByteView key, ByteView session) -> Status {
    const auto id = number_of(key);
    if (!id) return id.error();
    written.session_ids.insert(SessionId(*id));
    sessions.emplace_back(smr::SessionTable::last_used(session), Bytes(session.begin(), session.end()));
    return ok_status();
  });
  std::sort(sessions.begin(), sessions.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
  for (auto session = sessions.begin(); session != sessions.end() && read.ok(); ++session) {
    if (Status s = machine.restore_sessions(session->second); !s) read = from.damaged(s.error().message);
  }
  return read;
}

Status load_idempotency(const Tables::Database& from, machine::Machine& machine) {
  return each_row(from, kIdempotency,
                  [&](ByteView, ByteView record) { return machine.restore_idempotency(record); });
}

Status load_access(const Tables::Database& from, machine::Machine& machine, Written& written) {
  const auto part = from.get_meta(kAccessKey);
  if (!part) return part.error();
  if (!part->has_value()) return ok_status();
  if (Status s = machine.restore_registry(as_bytes(**part)); !s) return from.damaged(s.error().message);
  written.access = machine.registry().access_changed();
  return ok_status();
}

}  // namespace

Result<std::vector<TableRow>> Tables::read(RowRange range) const {
  std::vector<TableRow> rows;
  const auto add = [&](std::uint64_t key, ByteView value) {
    rows.push_back({key, Bytes(value.begin(), value.end())});
  };
  if (range.of == RowRange::Of::kAccess) {
    const auto part = database_->get_meta(kAccessKey);
    if (!part) return part.error();
    if (part->has_value()) add(0, as_bytes(**part));
    return rows;
  }
  const bool sites = range.of == RowRange::Of::kSites;
  const Family family = sites                                    ? kSites
                        : range.of == RowRange::Of::kHistory     ? kHistory
                        : range.of == RowRange::Of::kIdempotency ? kIdempotency
                                                                 : kSessions;
  rocksdb::ReadOptions options;
  options.fill_cache = false;
  const std::unique_ptr<rocksdb::Iterator> at(database_->db->NewIterator(options, database_->families[family]));
  const SlotKey slot(static_cast<std::uint32_t>(range.first));
  const NumberKey number(range.first);
  for (at->Seek(sites ? slot.slice() : number.slice()); at->Valid(); at->Next()) {
    std::uint64_t key = 0;
    for (const std::byte b : bytes_of(at->key())) key = key << 8 | static_cast<std::uint64_t>(b);
    if (sites ? key - range.first >= range.count : rows.size() >= range.count) break;
    add(key, bytes_of(at->value()));
  }
  if (!at->status().ok()) return database_->error(at->status());
  return rows;
}

Result<Tables::Loaded> Tables::load(machine::Machine& machine) const {
  auto found = head();
  if (!found) return found.error();
  Loaded loaded;
  if (!found->has_value()) return loaded;
  loaded.empty = false;
  loaded.head = std::move(**found);
  Written& written = loaded.written;
  machine.begin_restore();
  if (Status s = load_sites(*database_, machine); !s) return s.error();
  if (Status s = load_history(*database_, machine, written); !s) return s.error();
  if (Status s = load_sessions(*database_, machine, written); !s) return s.error();
  if (Status s = load_idempotency(*database_, machine); !s) return s.error();
  if (Status s = load_access(*database_, machine, written); !s) return s.error();
  if (Status s = machine.finish_restore(loaded.head.standing); !s) return database_->damaged(s.error().message);
  written.batch = loaded.head.batch;
  written.sessions = loaded.head.standing.position;
  written.idempotency = machine.idempotency().newest();
  written.idempotency_dropped = machine.idempotency().dropped();
  for (const registry::Lane lane : registry::kAllLanes) {
    Written::Events& events = written.events[lane];
    events.upto = loaded.head.events[lane];
    if (events.last_block.size() >= Materializer::kBlockBytes) events.last_block.clear();
  }
  return loaded;
}

}  // namespace titer::store
