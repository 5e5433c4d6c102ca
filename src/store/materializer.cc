// SPDX-License-Identifier: Apache-2.0

#include "store/materializer.h"

#include <algorithm>
#include <utility>

#include "base/check.h"

namespace titer::store {
namespace {

// Room that a batch takes in advance, so that it does not grow by copying in the middle of a turn.
constexpr std::size_t kSiteBytes = 320;
constexpr std::size_t kRoomMax = std::size_t{64} << 20;
// Events that one call takes at most: some ten thousand, above what a turn makes.
constexpr std::size_t kEventBytes = std::size_t{512} << 10;

}  // namespace

Materializer::Materializer(const Tables& tables, Written written) : tables_(tables), written_(std::move(written)) {}

TablesBatch& Materializer::batch(const machine::Machine& machine) {
  if (!batch_) {
    left_ = machine.registry().changes();
    batch_.emplace(tables_, std::min(kRoomMax, left_ * kSiteBytes));
  }
  return *batch_;
}

bool Materializer::gather(machine::Machine& machine, std::size_t bytes_max) {
  TablesBatch& into = batch(machine);
  const std::size_t waiting = machine.registry().changes();
  const std::size_t sites_min = 2 * (waiting - std::min(waiting, left_));
  const bool sites = machine.take_changed(sites_min, bytes_max,
                                          [&](std::uint32_t slot, ByteView part) { into.put_site(slot, part); });
  left_ = machine.registry().changes();
  const bool events = gather_events(machine.registry(), kEventBytes);
  const bool keys = gather_idempotency(machine.idempotency(), bytes_max);
  return sites && events && keys;
}

bool Materializer::gather_events(const registry::State& state, std::size_t bytes_max) {
  bool all = true;
  for (const registry::Lane lane : registry::kAllLanes) all = gather_lane(state, lane, bytes_max) && all;
  return all;
}

bool Materializer::gather_lane(const registry::State& state, registry::Lane lane, std::size_t bytes_max) {
  Written::Events& written = written_.events[lane];
  Bytes& block = written.last_block;
  for (std::size_t taken = 0; taken < bytes_max;) {
    const std::size_t before = block.size();
    const Position upto = state.write_events(lane, written.upto, kBlockBytes - before, block);
    const bool some = block.size() > before;
    if (some && before == 0) written.blocks.push_back(written.upto.next());
    written.upto = std::max(written.upto, upto);
    if (!some) return true;
    block_changed_[lane] = true;
    taken += block.size() - before;
    if (block.size() < kBlockBytes) continue;
    put_block(lane);
    block.clear();
  }
  return false;
}

void Materializer::put_block(registry::Lane lane) {
  if (!std::exchange(block_changed_[lane], false)) return;
  const Written::Events& written = written_.events[lane];
  TITER_CHECK(!written.blocks.empty() && !written.last_block.empty(), "a block that changed has events");
  batch_->put_block(lane, written.blocks.back(), written.last_block);
}

// A block ends where the next one begins; the last one stays.
void Materializer::drop_blocks(registry::Lane lane, Position dropped) {
  std::deque<Position>& blocks = written_.events[lane].blocks;
  for (; blocks.size() > 1 && blocks[1] <= dropped.next(); blocks.pop_front())
    batch_->drop_block(lane, blocks.front());
}

void Materializer::gather_sessions(const machine::Machine& machine) {
  const smr::SessionTable& sessions = machine.session_table();
  std::erase_if(written_.session_ids, [&](SessionId id) {
    if (sessions.knows(id)) return false;
    batch_->drop_session(id);
    return true;
  });
  sessions.visit_since(written_.sessions, [&](SessionId id, ByteView session) {
    batch_->put_session(id, session);
    written_.session_ids.insert(id);
  });
  written_.sessions = machine.position();
}

// A record never changes, so only new ones are put.
bool Materializer::gather_idempotency(const machine::IdempotencyTable& table, std::size_t bytes_max) {
  written_.idempotency =
      table.visit_since(std::max(written_.idempotency, table.dropped()), bytes_max,
                        [&](Position position, ByteView record) { batch_->put_idempotency(position, record); });
  return written_.idempotency >= table.newest();
}

void Materializer::drop_idempotency(const machine::IdempotencyTable& table) {
  if (table.dropped() > written_.idempotency_dropped)
    batch_->drop_idempotency(written_.idempotency_dropped, table.dropped());
  written_.idempotency_dropped = table.dropped();
}

void Materializer::gather_access(const registry::State& state) {
  Bytes part;
  state.write_access(written_.access, part);
  if (!part.empty()) batch_->put_access(part);
  written_.access = state.access_changed();
}

TablesBatch Materializer::close(machine::Machine& machine, Closing closing) {
  TablesBatch& into = batch(machine);
  constexpr std::size_t kAll = ~std::size_t{0} / 2;
  (void)machine.take_changed(kAll, kAll, [&](std::uint32_t slot, ByteView part) { into.put_site(slot, part); });
  while (!gather_events(machine.registry(), kEventBytes)) continue;
  for (const registry::Lane lane : registry::kAllLanes) {
    put_block(lane);
    drop_blocks(lane, machine.registry().dropped(lane));
  }
  gather_sessions(machine);
  (void)gather_idempotency(machine.idempotency(), kAll);
  drop_idempotency(machine.idempotency());
  gather_access(machine.registry());
  TITER_CHECK(machine.registry().changes() == 0, "a batch has all that changed");
  Head head;
  head.batch = ++written_.batch;
  head.standing = machine.standing(closing.learning);
  head.checkpoint = std::move(closing.checkpoint);
  for (const registry::Lane lane : registry::kAllLanes) head.events[lane] = written_.events[lane].upto;
  head.journal = closing.journal;
  head.written = closing.now;
  head.recoveries = std::move(closing.recoveries);
  into.put_head(std::move(head));
  TablesBatch whole = std::move(into);
  batch_.reset();
  return whole;
}

}  // namespace titer::store
