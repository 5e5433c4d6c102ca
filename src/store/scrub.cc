// SPDX-License-Identifier: Apache-2.0

#include "store/scrub.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/limits.h"
#include "store/tables_keys.h"

namespace titer::store {

namespace {

std::uint32_t rows_at_once(RowRange::Of of) {
  return of == RowRange::Of::kHistory || of == RowRange::Of::kAccess ? 1 : limits::kScrubSites;
}

}  // namespace

std::optional<RowRange> Scrub::due(BootTime now, std::uint32_t slots) {
  if (now < next_ || slots == 0) return std::nullopt;
  next_ = BootTime(now.value + limits::kScrubEveryUs);
  if (range_.of != RowRange::Of::kSites && !table_over_) {
    range_.first = next_key_;
    return range_;
  }
  const std::uint64_t slot = range_.first + range_.count;
  if (range_.of == RowRange::Of::kSites && slot < slots)
    return range_ = {RowRange::Of::kSites, slot,
                     static_cast<std::uint32_t>(std::min<std::uint64_t>(limits::kScrubSites, slots - slot))};
  if (range_.of == RowRange::Of::kAccess)
    return range_ = {RowRange::Of::kSites, 0, std::min(limits::kScrubSites, slots)};
  const auto next = static_cast<RowRange::Of>(static_cast<int>(range_.of) + 1);
  table_over_ = true;  // unless compare() finds it full
  return range_ = {next, 0, rows_at_once(next)};
}

std::optional<std::string> Scrub::compare(const machine::Machine& machine, Position position,
                                          const std::vector<TableRow>& rows) {
  wrong_.reset();
  switch (range_.of) {
    case RowRange::Of::kSites: compare_sites(machine.registry(), position, rows); break;
    case RowRange::Of::kAccess:
      compare_access(machine.registry(), position, rows);
      ++stats_.rounds;
      break;
    default:
      for (const TableRow& row : rows) compare_row(machine, position, row);
      table_over_ = rows.size() < range_.count;
      if (!rows.empty()) next_key_ = rows.back().key + 1;
      table_over_ = table_over_ || next_key_ == 0;
  }
  return std::exchange(wrong_, std::nullopt);
}

void Scrub::differs(const std::string& what, bool there, Position position) {
  ++stats_.mismatches;
  if (wrong_) return;
  wrong_ =
      fmt::format("{} {} at position {}: a bit of this machine's memory or disk has flipped", what,
                  there ? "is not the one that the tables on disk have" : "is not in the tables", position.value);
}

void Scrub::compare_sites(const registry::State& state, Position position, const std::vector<TableRow>& rows) {
  auto row = rows.begin();
  const auto first = static_cast<std::uint32_t>(range_.first);
  for (std::uint32_t slot = first; slot < first + range_.count; ++slot) {
    while (row != rows.end() && row->key < slot) ++row;
    memory_.clear();
    if (!state.write_site(slot, position, memory_)) continue;
    ++stats_.sites;
    const bool there = row != rows.end() && row->key == slot;
    if (there && row->value == memory_) continue;
    differs(fmt::format("the site in slot {} (in memory: \"{}\")", slot, state.site_id(slot)), there, position);
  }
}

void Scrub::compare_row(const machine::Machine& machine, Position position, const TableRow& row) {
  const registry::State& state = machine.registry();
  const bool of_history = range_.of == RowRange::Of::kHistory;
  const Position at = of_history ? first_of_block(row.key) : Position(row.key);
  bool there = true;
  std::string what;
  memory_.clear();
  if (of_history) {
    const registry::Lane lane = lane_of_block(row.key);
    if (static_cast<std::size_t>(lane) >= registry::kLanes)
      return differs(fmt::format("the history from position {} on", at.value), false, position);
    if (at <= state.dropped(lane)) return;
    (void)state.write_events(lane, Position(at.value - 1), row.value.size(), memory_);
    memory_.resize(std::min(memory_.size(), row.value.size()));  // newer events may follow
    what = fmt::format("the history from position {} on", at.value);
  } else if (range_.of == RowRange::Of::kSessions) {
    const smr::SessionTable& sessions = machine.session_table();
    there = sessions.write(SessionId(row.key), memory_);
    // Evicted since, or used since.
    if (!there && smr::SessionTable::last_used(row.value) < sessions.oldest()) return;
    if (there && smr::SessionTable::last_used(memory_) > position) return;
    what = fmt::format("the session {:016x}", row.key);
  } else {
    if (at <= machine.idempotency().dropped()) return;
    (void)machine.idempotency().visit_since(Position(at.value - 1), 1, [&](Position found, ByteView record) {
      if (found == at) memory_.assign(record.begin(), record.end());
    });
    what = fmt::format("the record of the idempotency key at position {}", at.value);
  }
  ++stats_.rows;
  if (memory_ != row.value) differs(what, true, position);
}

void Scrub::compare_access(const registry::State& state, Position position, const std::vector<TableRow>& rows) {
  if (state.access_changed() > position) return;
  memory_.clear();
  state.write_access(Position(), memory_);
  if (memory_.empty() && rows.empty()) return;
  ++stats_.rows;
  if (rows.empty() || rows.front().value != memory_)
    differs("what is known of keys and switches", !rows.empty(), position);
}

}  // namespace titer::store
