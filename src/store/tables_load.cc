// SPDX-License-Identifier: Apache-2.0

// The tables back into a state machine: sites, events, sessions, idempotency keys, and last the head, whose digest must come out.

#include <algorithm>
#include <utility>
#include <vector>

#include "store/materializer.h"
#include "store/tables_keys.h"

namespace titer::store {

// All rows of a family in the order of their keys.
Status Tables::each_row(Family family, const LoadRow& row) const {
  Status loaded = ok_status();
  const Status read = database_->each(family, {}, [&](ByteView key, ByteView value) {
    if (const Status s = row(key, value); !s) loaded = damaged(s.error().message);
    return loaded.ok();
  });
  return read.ok() ? loaded : read;
}

Status Tables::load_history(machine::Machine& machine, Written& written) const {
  return each_row(kHistory, [&](ByteView key, ByteView block) -> Status {
    const auto number = number_of(key);
    if (!number) return Error{Code::kProtocol, "a key is malformed"};
    const registry::Lane lane = lane_of_block(*number);
    if (static_cast<std::size_t>(lane) >= registry::kLanes)
      return Error{Code::kProtocol, "a block of no known part of the history"};
    Written::Events& into = written.events[lane];
    into.blocks.push_back(first_of_block(*number));
    into.last_block.assign(block.begin(), block.end());
    return machine.restore_registry(block);
  });
}

// They lie by id; the table must get them in the order of their last use, for that is the order in which it evicts.
Status Tables::load_sessions(machine::Machine& machine, Written& written) const {
  std::vector<std::pair<Position, Bytes>> sessions;
  Status read = each_row(kSessions, [&](ByteView key, ByteView session) -> Status {
    const auto id = number_of(key);
    if (!id) return Error{Code::kProtocol, "a key is malformed"};
    written.session_ids.insert(SessionId(*id));
    sessions.emplace_back(smr::SessionTable::last_used(session), Bytes(session.begin(), session.end()));
    return ok_status();
  });
  std::sort(sessions.begin(), sessions.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
  for (auto session = sessions.begin(); session != sessions.end() && read.ok(); ++session) {
    if (Status s = machine.restore_sessions(session->second); !s) read = damaged(s.error().message);
  }
  return read;
}

Status Tables::load_access(machine::Machine& machine, Written& written) const {
  const auto part = get_meta(kAccessKey);
  if (!part) return part.error();
  if (!part->has_value()) return ok_status();
  if (Status s = machine.restore_registry(**part); !s) return damaged(s.error().message);
  written.access = machine.registry().access_changed();
  return ok_status();
}

Result<std::vector<TableRow>> Tables::read(RowRange range) const {
  std::vector<TableRow> rows;
  if (range.of == RowRange::Of::kAccess) {
    auto part = get_meta(kAccessKey);
    if (!part) return part.error();
    if (part->has_value()) rows.push_back({0, std::move(**part)});
    return rows;
  }
  const bool sites = range.of == RowRange::Of::kSites;
  const Family family = sites                                    ? kSites
                        : range.of == RowRange::Of::kHistory     ? kHistory
                        : range.of == RowRange::Of::kIdempotency ? kIdempotency
                                                                 : kSessions;
  const SlotKey slot(static_cast<std::uint32_t>(range.first));
  const NumberKey number(range.first);
  const Status read =
      database_->each(family, sites ? slot.bytes() : number.bytes(), [&](ByteView key, ByteView value) {
        const std::uint64_t at = number_of(key).value_or(0);
        if (sites ? at - range.first >= range.count : rows.size() >= range.count) return false;
        rows.push_back({at, Bytes(value.begin(), value.end())});
        return true;
      });
  if (!read) return read.error();
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
  const LoadRow site = [&](ByteView, ByteView part) { return machine.restore_registry(part); };
  const LoadRow record = [&](ByteView, ByteView bytes) { return machine.restore_idempotency(bytes); };
  if (Status s = each_row(kSites, site); !s) return s.error();
  if (Status s = load_history(machine, written); !s) return s.error();
  if (Status s = load_sessions(machine, written); !s) return s.error();
  if (Status s = each_row(kIdempotency, record); !s) return s.error();
  if (Status s = load_access(machine, written); !s) return s.error();
  if (Status s = machine.finish_restore(loaded.head.standing); !s) return damaged(s.error().message);
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
