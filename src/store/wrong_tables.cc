// SPDX-License-Identifier: Apache-2.0

#include "store/wrong_tables.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/hash.h"

namespace titer::store {

namespace {

constexpr std::size_t kEventsAtOnce = 64;
constexpr std::size_t kRecordBytesAtOnce = std::size_t{256} << 10;
constexpr const char* kTableTexts[] = {"the history", "the sessions", "the idempotency keys"};

}  // namespace

// Positions before upto_, from the newest one downwards: the same ranges in both states, whatever was dropped.
void WrongTables::Digests::add(Position position, ByteView row) {
  if (position > upto_) return;
  const std::uint64_t width = upto_.value / kRanges + 1;
  Range& range = ranges_[std::min<std::uint64_t>((upto_.value - position.value) / width, kRanges - 1)];
  ++range.rows;
  range.digest += hash64(row);
}

bool WrongTables::Digests::add_some(const machine::Machine& machine, Table table) {
  const registry::State& state = machine.registry();
  if (table == kOfSessions) {
    machine.session_table().visit_since(
        Position(), [&](SessionId, ByteView row) { add(smr::SessionTable::last_used(row), row); });
    return true;
  }
  if (table == kOfIdempotency) {
    const Position before = at_;
    at_ = machine.idempotency().visit_since(at_, kRecordBytesAtOnce,
                                            [&](Position position, ByteView row) { add(position, row); });
    return at_ == before || at_ >= upto_;
  }
  const registry::Lane lane = registry::kAllLanes[lane_];
  if (!std::exchange(begun_, true)) at_ = state.dropped(lane);
  Bytes events;
  for (std::size_t n = 0; n < kEventsAtOnce; ++n) {
    events.clear();
    const Position next = state.write_events(lane, at_, 1, events);  // those of one position
    if (events.empty() || at_ >= upto_) {
      begun_ = false;
      return ++lane_ == registry::kLanes;
    }
    add(next, events);
    at_ = next;
  }
  return false;
}

void WrongTables::Digests::write(Bytes& out) const {
  ByteWriter w(out);
  for (const Range& range : ranges_) {
    w.u64(range.rows);
    w.u64(range.digest);
  }
}

std::optional<WrongTables::Digests> WrongTables::Digests::read(ByteReader& in, Position upto) {
  Digests digests(upto);
  for (Range& range : digests.ranges_) {
    range.rows = in.u64();
    range.digest = in.u64();
  }
  return in.ok() ? std::optional(std::move(digests)) : std::nullopt;
}

std::uint64_t WrongTables::access_digest(const machine::Machine& machine) {
  Bytes part;
  machine.registry().write_access(Position(), part);
  return hash64(part);
}

Bytes WrongTables::digests_of(const machine::Machine& machine) {
  Bytes out;
  ByteWriter w(out);
  w.u64(machine.position().value);
  w.u64(access_digest(machine));
  for (std::size_t table = 0; table < kTables; ++table) {
    Digests digests(machine.position());
    while (!digests.add_some(machine, static_cast<Table>(table))) continue;
    digests.write(out);
  }
  return out;
}

std::optional<WrongTables> WrongTables::from(ByteView digests) {
  ByteReader in(digests);
  WrongTables wrong;
  wrong.position_ = Position(in.u64());
  wrong.access_ = in.u64();
  for (std::size_t table = 0; table < kTables && in.ok(); ++table)
    if (auto read = Digests::read(in, wrong.position_)) wrong.then_.push_back(std::move(*read));
  if (!in.done() || wrong.then_.size() != kTables) return std::nullopt;
  return wrong;
}

std::string WrongTables::sentence_of(Table table, const Digests& now) const {
  std::size_t compared = 0, differing = 0;
  for (std::size_t i = 0; i < kRanges; ++i) {
    const Range &before = then_[table].ranges()[i], &after = now.ranges()[i];
    if (before.rows == 0 && after.rows == 0) continue;
    if (after.rows < before.rows) continue;
    ++compared;
    if (after.rows != before.rows || after.digest != before.digest) ++differing;
  }
  return fmt::format("of {} ranges of {} that have not changed since, {} differ; ", compared, kTableTexts[table],
                     differing);
}

std::optional<std::string> WrongTables::compare(const machine::Machine& machine) {
  if (table_ < kTables) {
    const auto table = static_cast<Table>(table_);
    if (!now_) now_.emplace(position_);
    if (!now_->add_some(machine, table)) return std::nullopt;
    text_ += sentence_of(table, *now_);
    now_.reset();
    ++table_;
    return std::nullopt;
  }
  const bool changed = machine.registry().access_changed() > position_;
  const bool differs = access_digest(machine) != access_;
  return text_ + (changed   ? "the keys and switches have changed since"
                  : differs ? "the keys and switches differ"
                            : "the keys and switches do not differ");
}

}  // namespace titer::store
