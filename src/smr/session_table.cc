// SPDX-License-Identifier: Apache-2.0

#include "smr/session_table.h"

#include <algorithm>
#include <bit>
#include <boost/unordered/unordered_flat_map.hpp>
#include <vector>

#include "base/hash.h"
#include "base/limits.h"
#include "smr/rules.h"

namespace titer::smr {

namespace {

constexpr std::uint32_t kNone = ~std::uint32_t{0};
constexpr std::uint32_t kFirstRing = 4;
constexpr std::size_t kArenaSlack = 256;

std::uint64_t mix(std::uint64_t a, std::uint64_t b) {
  std::uint64_t x = a * 0x9E3779B97F4A7C15ULL ^ (b + 0xD1B54A32D192ED03ULL);
  x = (x ^ (x >> 32)) * 0xD6E8FEB86659FD93ULL;
  x = (x ^ (x >> 29)) * 0xA0761D6478BD642FULL;
  return x ^ (x >> 32);
}

// One number of the window. The result's bytes lie in the session's arena.
struct Entry {
  enum State : std::uint32_t { kNever, kKept, kDropped };  // dropped: executed, its result evicted
  std::uint64_t hash = 0;                                  // its part of the digest; 0 when kNever
  std::uint32_t offset = 0;
  std::uint32_t size : 30 = 0;
  std::uint32_t state : 2 = kNever;
};
static_assert(sizeof(Entry) == 16 && limits::kRequestBytesMax < (1U << 30U));

// The last `window` numbers up to `highest` are in `ring` at number % ring.size(), a power of two that grows to hold
// the window. Results are appended to `arena`, which is compacted when most of it is dead.
struct Session {
  SessionId id;
  RequestNumber highest;
  Position last_used;
  std::uint32_t older = kNone;  // least lately used comes first
  std::uint32_t newer = kNone;
  std::size_t live = 0;      // bytes of kept results
  std::uint64_t digest = 0;  // of the line below and all entries
  std::vector<Entry> ring;
  Bytes arena;

  [[nodiscard]] std::uint64_t line_digest() const { return mix(mix(id.value, highest.value), last_used.value); }
  Entry& at(std::uint64_t number) { return ring[number & (ring.size() - 1)]; }
  [[nodiscard]] const Entry& at(std::uint64_t number) const { return ring[number & (ring.size() - 1)]; }
  // Numbers start at 1, so the lowest of the window is above 0.
  [[nodiscard]] std::uint64_t lowest(std::size_t window) const {
    return highest.value > window ? highest.value - window + 1 : 1;
  }
};

}  // namespace

struct SessionTable::Impl {
  explicit Impl(Limits l) : limits(l) {
    SMR_CHECK(l.sessions > 0 && l.sessions < kNone && l.window > 0, "limits of sessions");
  }

  Limits limits;
  boost::unordered_flat_map<std::uint64_t, std::uint32_t> index;  // session → slot
  std::vector<Session> slots;
  std::vector<std::uint32_t> free_slots;
  std::uint32_t oldest = kNone;
  std::uint32_t newest = kNone;
  std::size_t bytes = 0;
  Position horizon;
  std::uint64_t digest = 0;  // wrapping sum over sessions: independent of slots and of the order of insertion
  Bytes scratch;             // for compaction

  [[nodiscard]] const Session* find(SessionId id) const {
    const auto it = index.find(id.value);
    return it == index.end() ? nullptr : &slots[it->second];
  }

  std::uint32_t make(SessionId id) {
    std::uint32_t slot = 0;
    if (free_slots.empty()) {
      slot = static_cast<std::uint32_t>(slots.size());
      slots.emplace_back();
    } else {
      slot = free_slots.back();
      free_slots.pop_back();
    }
    index.emplace(id.value, slot);
    slots[slot].id = id;
    return slot;
  }

  void unlink(std::uint32_t slot) {
    const Session& s = slots[slot];
    if (oldest != slot && s.older == kNone) return;  // not in the list yet
    (s.older == kNone ? oldest : slots[s.older].newer) = s.newer;
    (s.newer == kNone ? newest : slots[s.newer].older) = s.older;
  }

  void link_newest(std::uint32_t slot) {
    Session& s = slots[slot];
    s.older = newest;
    s.newer = kNone;
    (newest == kNone ? oldest : slots[newest].newer) = slot;
    newest = slot;
  }

  void erase(std::uint32_t slot) {
    Session& s = slots[slot];
    unlink(slot);
    bytes -= s.live;
    digest -= s.digest;
    index.erase(s.id.value);
    s.id = {};
    s.highest = {};
    s.last_used = {};
    s.older = s.newer = kNone;
    s.live = 0;
    s.digest = 0;
    s.ring = {};
    s.arena = {};
    free_slots.push_back(slot);
  }

  void forget_entry(Session& s, Entry& e) {
    s.digest -= e.hash;
    if (e.state == Entry::kKept) drop_bytes(s, e);
    e = {};
  }
  void drop_bytes(Session& s, const Entry& e) {
    s.live -= e.size;
    bytes -= e.size;
  }

  // Makes the ring large enough for the window as far as it is used by numbers up to `number`.
  void grow(Session& s, std::uint64_t number) {
    const std::uint64_t needed = std::min<std::uint64_t>(number, limits.window);
    if (needed <= s.ring.size()) return;
    std::vector<Entry> wider(std::bit_ceil(std::max<std::uint64_t>(needed, kFirstRing)));
    for (std::uint64_t n = s.lowest(limits.window); n <= s.highest.value; ++n)
      wider[n & (wider.size() - 1)] = s.at(n);
    s.ring = std::move(wider);
  }

  // Moves the window so that it ends at `number`; what falls out of it is forgotten.
  void advance(Session& s, std::uint64_t number) {
    if (number <= s.highest.value) return;
    grow(s, number);
    const std::uint64_t keep_from = number > limits.window ? number - limits.window + 1 : 1;
    const std::uint64_t end = std::min(keep_from, s.highest.value + 1);
    for (std::uint64_t n = s.lowest(limits.window); n < end; ++n) forget_entry(s, s.at(n));
    s.highest = RequestNumber(number);
  }

  void store(Session& s, std::uint64_t number, ByteView result, Entry::State state) {
    Entry& e = s.at(number);
    e.state = state & 3U;
    e.size = static_cast<std::uint32_t>(result.size()) & 0x3FFFFFFFU;
    const std::size_t live = s.live + result.size();
    const std::size_t room = live + live / 2 + kArenaSlack;
    if (s.arena.size() + result.size() > room) compact(s, e);
    if (s.arena.capacity() < s.arena.size() + result.size())
      s.arena.reserve(room);  // not twice as much, which it would take
    e.offset = static_cast<std::uint32_t>(s.arena.size());
    s.arena.insert(s.arena.end(), result.begin(), result.end());
    s.live += e.size;
    bytes += e.size;
    e.hash = state == Entry::kKept ? mix(number, hash64(result, s.id.value)) : mix(number, s.id.value);
    s.digest += e.hash;
  }

  // Moves the kept results together, all but that of `skip`, which is not stored yet.
  void compact(Session& s, const Entry& skip) {
    scratch.clear();
    for (Entry& e : s.ring) {
      if (e.state != Entry::kKept || &e == &skip) continue;
      const auto from = s.arena.begin() + static_cast<std::ptrdiff_t>(e.offset);
      e.offset = static_cast<std::uint32_t>(scratch.size());
      scratch.insert(scratch.end(), from, from + static_cast<std::ptrdiff_t>(e.size));
    }
    s.arena.assign(scratch.begin(), scratch.end());  // not swapped: it keeps its own room
  }

  // The only session left is over the limit: its oldest results go, that they were executed is remembered.
  void drop_oldest_results(Session& s) {
    for (std::uint64_t n = s.lowest(limits.window); n < s.highest.value && bytes > limits.bytes; ++n) {
      Entry& e = s.at(n);
      if (e.state != Entry::kKept) continue;
      drop_bytes(s, e);
      s.digest -= e.hash;
      e.state = Entry::kDropped;
      e.size = 0;
      e.hash = mix(n, s.id.value);
      s.digest += e.hash;
    }
  }

  void evict() {
    while (index.size() > 1 && (index.size() > limits.sessions || bytes > limits.bytes)) {
      horizon = std::max(horizon, slots[oldest].last_used);
      erase(oldest);
    }
    if (bytes <= limits.bytes) return;
    Session& s = slots[newest];
    digest -= s.digest;
    drop_oldest_results(s);
    digest += s.digest;
  }

  void write(const Session& s, Bytes& out) const;

  // Takes the session's digest out of the sum, lets `change` work on it, and puts it back as the newest.
  template <typename F>
  void touch(std::uint32_t slot, F&& change) {
    Session& s = slots[slot];
    digest -= s.digest;
    if (s.highest.value > 0) s.digest -= s.line_digest();
    change(s);
    s.digest += s.line_digest();
    digest += s.digest;
    if (newest != slot) {
      unlink(slot);
      link_newest(slot);
    }
  }
};

SessionTable::SessionTable()
    : SessionTable({limits::kSessionsMax, limits::kSessionWindow, limits::kSessionBytesMax}) {}
SessionTable::SessionTable(Limits limits) : impl_(std::make_unique<Impl>(limits)) {}
SessionTable::~SessionTable() = default;
SessionTable::SessionTable(SessionTable&&) noexcept = default;
SessionTable& SessionTable::operator=(SessionTable&&) noexcept = default;

SessionTable::Found SessionTable::find(SessionId session, RequestNumber number, Position born) const {
  const std::uint64_t n = number.value;
  const std::size_t window = impl_->limits.window;
  if (n == 0 || n > limits::kCounterMax) return {Verdict::kNoNumber, {}};
  if (!rule_enabled(ProtocolRule::kExactlyOnce)) return {Verdict::kFresh, {}};
  const Session* s = impl_->find(session);
  const bool maybe_evicted = s == nullptr && impl_->horizon.value > 0 && born <= impl_->horizon;
  if (maybe_evicted && rule_enabled(ProtocolRule::kHorizon)) return {Verdict::kEvicted, {}};
  const std::uint64_t highest = s == nullptr ? 0 : s->highest.value;
  if (n > highest) return {Verdict::kFresh, {}};
  if (n < s->lowest(window)) return {Verdict::kEvicted, {}};
  const Entry& e = s->at(n);
  if (e.state == Entry::kNever) return {Verdict::kFresh, {}};
  if (e.state == Entry::kDropped) return {Verdict::kEvicted, {}};
  return {Verdict::kRepeat, ByteView(s->arena).subspan(e.offset, e.size)};
}

void SessionTable::remember(SessionId session, RequestNumber number, Position position, ByteView result) {
  Impl& t = *impl_;
  const auto it = t.index.find(session.value);
  const std::uint32_t slot = it != t.index.end() ? it->second : t.make(session);
  t.touch(slot, [&](Session& s) {
    t.advance(s, number.value);
    SMR_CHECK(number.value >= s.lowest(t.limits.window) && s.at(number.value).state == Entry::kNever,
              "only a fresh request's result is remembered (I9)");
    t.store(s, number.value, result, Entry::kKept);
    s.last_used = position;
  });
  t.evict();
}

std::uint64_t SessionTable::digest() const { return impl_->digest + mix(impl_->horizon.value, 0); }
std::size_t SessionTable::sessions() const { return impl_->index.size(); }
std::size_t SessionTable::bytes() const { return impl_->bytes; }
std::size_t SessionTable::memory() const {
  std::size_t sum = impl_->slots.capacity() * sizeof(Session) + impl_->scratch.capacity();
  for (const Session& s : impl_->slots) sum += s.ring.capacity() * sizeof(Entry) + s.arena.capacity();
  return sum;
}
Position SessionTable::horizon() const { return impl_->horizon; }

Position SessionTable::oldest() const {
  return impl_->oldest == kNone ? Position{} : impl_->slots[impl_->oldest].last_used;
}

void SessionTable::forget_before(Position oldest, Position horizon) {
  impl_->horizon = horizon;
  while (impl_->oldest != kNone && impl_->slots[impl_->oldest].last_used < oldest) impl_->erase(impl_->oldest);
}

// A session as bytes: id, highest, last use, number of entries (u32), then per entry its number, a byte for
// kept / dropped, and the result as a blob.
void SessionTable::Impl::write(const Session& s, Bytes& out) const {
  ByteWriter w(out);
  w.u64(s.id.value);
  w.u64(s.highest.value);
  w.u64(s.last_used.value);
  const std::size_t count_at = w.size();
  w.u32(0);
  std::uint32_t count = 0;
  for (std::uint64_t n = s.lowest(limits.window); n <= s.highest.value; ++n) {
    const Entry& e = s.at(n);
    if (e.state == Entry::kNever) continue;
    ++count;
    w.u64(n);
    w.u8(e.state == Entry::kKept ? 1 : 0);
    w.blob(ByteView(s.arena).subspan(e.offset, e.state == Entry::kKept ? e.size : 0));
  }
  w.patch_u32(count_at, count);
}

Position SessionTable::last_used(ByteView session) {
  ByteReader in(session);
  (void)in.raw(2 * sizeof(std::uint64_t));
  return Position(in.u64());
}

void SessionTable::write_since(Position since, Bytes& out) const {
  for (std::uint32_t slot = impl_->oldest; slot != kNone; slot = impl_->slots[slot].newer) {
    if (impl_->slots[slot].last_used > since) impl_->write(impl_->slots[slot], out);
  }
}

void SessionTable::visit_since(Position since, const Visitor& visit) const {
  Bytes bytes;
  for (std::uint32_t slot = impl_->oldest; slot != kNone; slot = impl_->slots[slot].newer) {
    const Session& s = impl_->slots[slot];
    if (s.last_used <= since) continue;
    bytes.clear();
    impl_->write(s, bytes);
    visit(s.id, bytes);
  }
}

bool SessionTable::knows(SessionId session) const { return impl_->find(session) != nullptr; }

bool SessionTable::write(SessionId session, Bytes& out) const {
  const Session* const found = impl_->find(session);
  if (found != nullptr) impl_->write(*found, out);
  return found != nullptr;
}

Status SessionTable::read(ByteView in) {
  Impl& t = *impl_;
  const Error malformed{Code::kProtocol, "sessions in a state transfer are malformed"};
  ByteReader r(in);
  while (r.ok() && r.left() > 0) {
    const SessionId id(r.u64());
    const RequestNumber highest(r.u64());
    const Position last_used(r.u64());
    const std::uint32_t count = r.u32();
    if (!r.ok() || highest.value == 0 || highest.value > limits::kCounterMax || last_used.value == 0 ||
        last_used.value > limits::kCounterMax || count > t.limits.window)
      return malformed;
    if (const auto it = t.index.find(id.value); it != t.index.end()) t.erase(it->second);
    bool good = true;
    t.touch(t.make(id), [&](Session& s) {
      t.advance(s, highest.value);
      s.last_used = last_used;
      for (std::uint32_t i = 0; i < count && good; ++i) {
        const std::uint64_t n = r.u64();
        const bool kept = r.u8() != 0;
        const ByteView result = r.blob();
        good = r.ok() && n >= s.lowest(t.limits.window) && n <= s.highest.value && s.at(n).state == Entry::kNever;
        if (good) t.store(s, n, result, kept ? Entry::kKept : Entry::kDropped);
      }
    });
    if (!good) return malformed;
    t.evict();
  }
  if (!r.ok()) return malformed;
  return ok_status();
}

}  // namespace titer::smr
