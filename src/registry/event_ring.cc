// SPDX-License-Identifier: Apache-2.0

#include "registry/event_ring.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "base/hash.h"

namespace titer::registry {
namespace {

constexpr std::size_t kChunk = std::size_t{64} << 10;

// A record:
//   back   u32      distance to the previous event of the site; 0: none
//   size   number   of the bytes that follow
//   kinds  u8       kind of event << 4 | kind of `before` << 2 | kind of `after`
//   flags  u8
//   key    8 bytes  of the request, if it had one
//   position, time, slot; part, counts and valid_before (as its distance to the time) if they are there
//   product and actor, each with its length; the extra part if there is one
// Numbers are written in 7 bits a byte, lowest first; signed ones folded (0, -1, 1, -2 …). The bytes follow from
// the event alone, so what a bound in bytes keeps is the same at every replica.
constexpr std::size_t kBack = 4;
constexpr std::size_t kHeadMax = 96;  // all that comes before the texts

constexpr std::uint8_t kExisted = 1;
constexpr std::uint8_t kRemoved = 2;
constexpr std::uint8_t kExtra = 4;  // reason, key, source_before, reverts and fields follow
constexpr std::uint8_t kSourceKept = 8;
constexpr std::uint8_t kPart = 16;
constexpr std::uint8_t kValidBefore = 32;
constexpr std::uint8_t kKeyed = 64;
constexpr std::uint8_t kExcess = 128;

std::byte* put(std::byte* to, std::uint64_t v) {
  for (; v >= 0x80; v >>= 7) *to++ = static_cast<std::byte>(v | 0x80);
  *to++ = static_cast<std::byte>(v);
  return to;
}
std::uint64_t get(const std::byte*& from) {
  std::uint64_t v = 0;
  for (unsigned shift = 0;; shift += 7) {
    const auto byte = static_cast<std::uint64_t>(*from++);
    v |= (byte & 0x7F) << shift;
    if (byte < 0x80) return v;
  }
}
std::uint64_t get(ByteReader& in) {
  std::uint64_t v = 0;
  for (unsigned shift = 0; shift < 64 && in.ok(); shift += 7) {
    const std::uint64_t byte = in.u8();
    v |= (byte & 0x7F) << shift;
    if (byte < 0x80) return v;
  }
  in.fail();
  return 0;
}
std::uint64_t fold(std::uint64_t v) { return v << 1 ^ (std::uint64_t{0} - (v >> 63)); }
std::uint64_t unfold(std::uint64_t v) { return v >> 1 ^ (std::uint64_t{0} - (v & 1)); }
std::uint64_t bits(WallTime t) { return static_cast<std::uint64_t>(t.value); }
WallTime time_of(std::uint64_t v) { return WallTime(static_cast<std::int64_t>(v)); }

// What walking along records needs.
struct Step {
  std::uint64_t size;  // of the whole record
  KeyId key;
  Position position;
  WallTime time;
};
Step step_at(const std::byte* record) {
  const std::byte* at = record + kBack;
  const std::uint64_t rest = get(at);
  const auto size = static_cast<std::uint64_t>(at - record) + rest;
  const auto flags = std::to_integer<unsigned>(at[1]);
  at += 2;
  std::uint64_t key = 0;
  if ((flags & kKeyed) != 0) {
    std::memcpy(&key, at, sizeof key);
    at += sizeof key;
  }
  const Position position(get(at));
  return {size, KeyId(key), position, time_of(unfold(get(at)))};
}

bool has_extra(const Record& r) {
  return !r.event.reason.empty() || !r.event.idempotency_key.empty() || !r.source_before.empty() ||
         r.event.reverts.value != 0 || !r.event.fields.empty();
}

void put_text(std::string_view text, Bytes& out) {
  std::array<std::byte, 10> size;
  const auto n = static_cast<std::size_t>(put(size.data(), text.size()) - size.data());
  out.insert(out.end(), size.data(), size.data() + n);
  ByteWriter(out).raw(as_bytes(text));
}
std::string_view get_text(ByteReader& in) { return as_text(in.raw(get(in))); }

void write_extra(const Record& r, Bytes& out) {
  out.clear();
  put_text(r.event.reason, out);
  put_text(r.event.idempotency_key, out);
  put_text(r.source_before, out);
  std::array<std::byte, 20> numbers;
  const std::byte* end = put(put(numbers.data(), r.event.reverts.value), r.event.fields.size());
  out.insert(out.end(), static_cast<const std::byte*>(numbers.data()), end);
  for (const FieldChange& change : r.event.fields) {
    put_text(change.field, out);
    put_text(change.before, out);
    put_text(change.after, out);
  }
}

void read_extra(ByteReader& in, Record& out) {
  out.event.reason = get_text(in);
  out.event.idempotency_key = get_text(in);
  out.source_before = get_text(in);
  out.event.reverts = Position(get(in));
  for (std::uint64_t fields = get(in); fields > 0 && in.ok(); --fields) {
    FieldChange change;
    change.field = get_text(in);
    change.before = get_text(in);
    change.after = get_text(in);
    out.event.fields.push_back(change);
  }
}

void clear_extra(Record& out) {
  out.event.reason = out.event.idempotency_key = out.source_before = {};
  out.event.reverts = {};
  out.event.fields.clear();
}

// Everything of `record` behind `size` and before the texts; returns the end.
std::byte* write_head(const Record& record, bool extra, std::byte* to) {
  const Event& e = record.event;
  const auto flag = [](bool on, std::uint8_t bit) { return on ? bit : std::uint8_t{0}; };
  const bool valid = record.valid_before.value != 0;
  *to++ = static_cast<std::byte>(static_cast<unsigned>(e.kind) << 4 | static_cast<unsigned>(e.before.kind) << 2 |
                                 static_cast<unsigned>(e.after.kind));
  *to++ = static_cast<std::byte>(flag(e.existed, kExisted) | flag(e.removed, kRemoved) | flag(extra, kExtra) |
                                 flag(record.source_kept, kSourceKept) | flag(e.part != 0, kPart) |
                                 flag(valid, kValidBefore) | flag(record.key != kNoKey, kKeyed) |
                                 flag(record.excess, kExcess));
  if (record.key != kNoKey) {
    std::memcpy(to, &record.key.value, sizeof record.key.value);
    to += sizeof record.key.value;
  }
  to = put(to, e.position.value);
  to = put(to, fold(bits(e.time)));
  to = put(to, record.slot);
  if (e.part != 0) to = put(to, e.part);
  if (e.before.kind == Availability::Kind::kCount) to = put(to, e.before.count);
  if (e.after.kind == Availability::Kind::kCount) to = put(to, e.after.count);
  if (valid) to = put(to, fold(bits(e.time) - bits(record.valid_before)));
  return to;
}

// The other way round, from the bytes behind `size`.
void read_body(ByteReader& in, Record& out) {
  Event& e = out.event;
  const unsigned kinds = in.u8();
  const unsigned flags = in.u8();
  e.kind = static_cast<EventKind>(kinds >> 4);
  e.before = {static_cast<Availability::Kind>(kinds >> 2 & 3U), 0};
  e.after = {static_cast<Availability::Kind>(kinds & 3U), 0};
  e.existed = (flags & kExisted) != 0;
  e.removed = (flags & kRemoved) != 0;
  out.source_kept = (flags & kSourceKept) != 0;
  out.excess = (flags & kExcess) != 0;
  out.key = (flags & kKeyed) != 0 ? KeyId(in.u64()) : kNoKey;
  e.position = Position(get(in));
  e.time = time_of(unfold(get(in)));
  out.slot = static_cast<std::uint32_t>(get(in));
  e.part = (flags & kPart) != 0 ? static_cast<std::uint32_t>(get(in)) : 0;
  if (e.before.kind == Availability::Kind::kCount) e.before.count = get(in);
  if (e.after.kind == Availability::Kind::kCount) e.after.count = get(in);
  out.valid_before = {};
  if ((flags & kValidBefore) != 0) out.valid_before = time_of(bits(e.time) - unfold(get(in)));
  e.site_id = {};
  e.product = as_text(in.raw(get(in)));
  e.actor = as_text(in.raw(get(in)));
  clear_extra(out);
  if ((flags & kExtra) != 0) read_extra(in, out);
}

}  // namespace

std::uint64_t EventRing::append(const Record& record) {
  const Event& e = record.event;
  std::size_t extra = 0;
  if (has_extra(record)) {
    write_extra(record, extra_);
    extra = extra_.size();
  }
  std::array<std::byte, kHeadMax> head;
  const std::byte* end = write_head(record, extra != 0, head.data());
  const auto head_size = static_cast<std::size_t>(end - head.data());
  std::array<std::byte, 4> lengths;  // of product and actor, which have at most 32 and 256 bytes
  const auto product = static_cast<std::size_t>(put(lengths.data(), e.product.size()) - lengths.data());
  const auto both = static_cast<std::size_t>(put(lengths.data() + product, e.actor.size()) - lengths.data());
  const std::size_t rest = head_size + both + e.product.size() + e.actor.size() + extra;

  std::array<std::byte, 16> front{};
  const std::uint64_t offset = end_;
  const std::uint64_t back = record.previous == 0 ? 0 : offset - (record.previous - 1);
  const auto distance = back > 0xFFFF'FFFF ? 0U : static_cast<std::uint32_t>(back);
  std::memcpy(front.data(), &distance, kBack);
  const auto front_size = static_cast<std::size_t>(put(front.data() + kBack, rest) - front.data());

  std::byte* to = room(front_size + rest, e.position);
  const auto copy = [&to](const void* from, std::size_t size) {
    if (size != 0) std::memcpy(to, from, size);
    to += size;
  };
  copy(front.data(), front_size);
  copy(head.data(), head_size);
  copy(lengths.data(), product);
  copy(e.product.data(), e.product.size());
  copy(lengths.data() + product, both - product);
  copy(e.actor.data(), e.actor.size());
  copy(extra_.data(), extra);
  digest_ += hash64({to - rest, rest});
  end_ += front_size + rest;
  ++count_;
  newest_ = e.position;
  return offset;
}

std::byte* EventRing::room(std::size_t size, Position position) {
  if (chunks_.empty() || chunks_.back().capacity - chunks_.back().used < size) {
    Chunk chunk;
    if (size <= kChunk && !spare_.empty()) {
      chunk = std::move(spare_.back());
      spare_.pop_back();
    } else {
      chunk.capacity = std::max(size, kChunk);
      chunk.data = std::make_unique_for_overwrite<std::byte[]>(chunk.capacity);
    }
    chunk.start = end_;
    chunk.used = 0;
    chunk.first = position;
    chunks_.push_back(std::move(chunk));
  }
  Chunk& last = chunks_.back();
  std::byte* to = last.data.get() + last.used;
  last.used += size;
  return to;
}

void EventRing::recycle(Chunk& chunk) {
  if (chunk.capacity == kChunk && spare_.size() < 4) spare_.push_back(std::move(chunk));
}

EventRing::Weight EventRing::drop_oldest() {
  Chunk& chunk = chunks_.front();
  const Step step = step_at(front());
  const std::byte* body = front() + kBack;
  const std::uint64_t rest = get(body);
  digest_ -= hash64({body, rest});
  dropped_ = step.position;
  begin_ += step.size;
  --count_;
  if (begin_ == chunk.start + chunk.used) {
    recycle(chunk);
    chunks_.pop_front();
  }
  return {step.key, step.size};
}

EventRing::Weight EventRing::weight(std::uint64_t offset) const {
  const Step step = step_at(at(offset));
  return {step.key, step.size};
}

bool EventRing::over(WallTime now) const {
  if (count_ > bounds_.events || end_ - begin_ > bounds_.bytes) return true;
  if (count_ == 0 || now.value < bounds_.age_ms) return false;  // what a liar calls a time cannot overflow below
  return step_at(front()).time.value < now.value - bounds_.age_ms;
}

std::size_t EventRing::bytes() const {
  std::size_t sum = spare_.size() * kChunk;
  for (const Chunk& chunk : chunks_) sum += chunk.capacity;
  return sum;
}

Position EventRing::oldest() const { return count_ == 0 ? Position() : step_at(front()).position; }

const EventRing::Chunk& EventRing::chunk_of(std::uint64_t offset) const {
  const auto after = std::partition_point(chunks_.begin(), chunks_.end(),
                                          [&](const Chunk& chunk) { return chunk.start <= offset; });
  TITER_CHECK(after != chunks_.begin(), "an offset before the history");
  return *(after - 1);
}

const std::byte* EventRing::at(std::uint64_t offset) const {
  const Chunk& chunk = chunk_of(offset);
  return chunk.data.get() + (offset - chunk.start);
}

void EventRing::read(std::uint64_t offset, Record& out) const {
  const std::byte* record = at(offset);
  std::uint32_t back = 0;
  std::memcpy(&back, record, kBack);
  const std::byte* body = record + kBack;
  const std::uint64_t rest = get(body);
  ByteReader in(ByteView(body, rest));
  read_body(in, out);
  TITER_CHECK(in.done(), "a history record is broken");
  const bool kept = back != 0 && offset - begin_ >= back;
  out.previous = kept ? offset - back + 1 : 0;
  out.next = offset + static_cast<std::uint64_t>(body - record) + rest;
}

EventRing::Place EventRing::place(std::uint64_t offset) const {
  const Step step = step_at(at(offset));
  return {step.position, offset + step.size};
}

std::uint64_t EventRing::above(Position since) const {
  auto chunk =
      std::partition_point(chunks_.begin(), chunks_.end(), [&](const Chunk& c) { return c.first <= since; });
  if (chunk != chunks_.begin()) --chunk;
  if (chunk == chunks_.end()) return end_;
  std::uint64_t offset = std::max(begin_, chunk->start);
  while (offset < chunk->start + chunk->used) {
    const Step step = step_at(chunk->data.get() + (offset - chunk->start));
    if (step.position > since) return offset;
    offset += step.size;
  }
  return offset;
}

void EventRing::offsets_before(std::uint64_t before, std::vector<std::uint64_t>& out) const {
  out.clear();
  if (before <= begin_) return;
  const Chunk& chunk = chunk_of(before - 1);
  for (std::uint64_t offset = std::max(begin_, chunk.start); offset < before;) {
    out.push_back(offset);
    offset += step_at(chunk.data.get() + (offset - chunk.start)).size;
  }
}

void EventRing::write_record(std::uint64_t offset, Bytes& out) const {
  const std::byte* record = at(offset);
  const std::byte* body = record + kBack;
  const std::uint64_t rest = get(body);
  ByteWriter(out).raw({body, rest});
}

bool EventRing::read_record(ByteView in, Record& out) {
  ByteReader body(in);
  read_body(body, out);
  out.previous = 0;
  const auto kind = static_cast<unsigned>(out.event.kind);
  return body.done() && kind >= 1 && kind <= static_cast<unsigned>(kLastEventKind);
}

void EventRing::rewind(const Mark& mark) {
  while (!chunks_.empty() && chunks_.back().start >= mark.end) {
    recycle(chunks_.back());
    chunks_.pop_back();
  }
  if (!chunks_.empty()) chunks_.back().used = static_cast<std::size_t>(mark.end - chunks_.back().start);
  end_ = mark.end;
  count_ = mark.count;
  newest_ = mark.newest;
  digest_ = mark.digest;
}

}  // namespace titer::registry
