#include "registry/event_ring.h"

#include <algorithm>
#include <cstring>

namespace titer::registry {
namespace {

constexpr std::size_t kChunk = std::size_t{64} << 10;

// The front of a record; product, actor and the rest follow.
struct Front {
  std::uint32_t size;  // of the whole record
  std::uint32_t back;  // distance to the previous event of the site; 0: none
  std::uint64_t position;
  std::int64_t time;
  std::int64_t valid_before;
  std::uint32_t slot;
  std::uint32_t before, after;  // kind in the two top bits, count below
  std::uint16_t part;
  std::uint16_t actor;  // length
  std::uint8_t kind;
  std::uint8_t flags;
  std::uint8_t product;  // length
  std::uint8_t unused[5];
};
static_assert(sizeof(Front) == 56);

constexpr std::uint8_t kExisted = 1;
constexpr std::uint8_t kRemoved = 2;
constexpr std::uint8_t kSourceKept = 8;
constexpr std::uint8_t kExtra = 4;  // reason, key, source_before, reverts and fields follow

std::uint32_t pack(Availability a) {
  return static_cast<std::uint32_t>(a.kind) << 30 | (static_cast<std::uint32_t>(a.count) & ((1U << 30) - 1));
}
Availability unpack(std::uint32_t v) { return {static_cast<Availability::Kind>(v >> 30), v & ((1U << 30) - 1)}; }

Front front_at(const std::byte* at) {
  Front front;
  std::memcpy(&front, at, sizeof front);
  return front;
}

bool has_extra(const Record& r) {
  return !r.event.reason.empty() || !r.event.idempotency_key.empty() || !r.source_before.empty() ||
         r.event.reverts.value != 0 || !r.event.fields.empty();
}

void write_extra(const Record& r, Bytes& out) {
  out.clear();
  ByteWriter w(out);
  w.text(r.event.reason);
  w.text(r.event.idempotency_key);
  w.text(r.source_before);
  w.u64(r.event.reverts.value);
  w.u16(static_cast<std::uint16_t>(r.event.fields.size()));
  for (const FieldChange& change : r.event.fields) {
    w.text(change.field);
    w.text(change.before);
    w.text(change.after);
  }
}

void read_extra(ByteReader& in, Record& out) {
  out.event.reason = in.text();
  out.event.idempotency_key = in.text();
  out.source_before = in.text();
  out.event.reverts = Position(in.u64());
  const unsigned fields = in.u16();
  for (unsigned i = 0; i < fields && in.ok(); ++i) {
    FieldChange change;
    change.field = in.text();
    change.before = in.text();
    change.after = in.text();
    out.event.fields.push_back(change);
  }
}

void clear_extra(Record& out) {
  out.event.reason = out.event.idempotency_key = out.source_before = {};
  out.event.reverts = {};
  out.event.fields.clear();
}

void show(const Front& f, Record& out) {
  Event& e = out.event;
  e.position = Position(f.position);
  e.part = f.part;
  e.time = WallTime(f.time);
  e.kind = static_cast<EventKind>(f.kind);
  e.before = unpack(f.before);
  e.after = unpack(f.after);
  e.existed = (f.flags & kExisted) != 0;
  e.removed = (f.flags & kRemoved) != 0;
  e.site_id = {};
  out.source_kept = (f.flags & kSourceKept) != 0;
  out.slot = f.slot;
  out.valid_before = WallTime(f.valid_before);
}

}  // namespace

std::uint64_t EventRing::append(const Record& record) {
  const Event& e = record.event;
  std::size_t extra = 0;
  if (has_extra(record)) {
    write_extra(record, extra_);
    extra = extra_.size();
  }
  const std::size_t size = sizeof(Front) + e.product.size() + e.actor.size() + extra;
  std::byte* to = room(size, e.position);
  const std::uint64_t offset = end_;
  const std::uint64_t back = record.previous == 0 ? 0 : offset - (record.previous - 1);
  Front front{};
  front.size = static_cast<std::uint32_t>(size);
  front.back = back > 0xFFFF'FFFF ? 0 : static_cast<std::uint32_t>(back);
  front.position = e.position.value;
  front.time = e.time.value;
  front.valid_before = record.valid_before.value;
  front.slot = record.slot;
  front.before = pack(e.before);
  front.after = pack(e.after);
  front.part = static_cast<std::uint16_t>(e.part);
  front.actor = static_cast<std::uint16_t>(e.actor.size());
  front.kind = static_cast<std::uint8_t>(e.kind);
  front.flags = static_cast<std::uint8_t>((e.existed ? kExisted : 0) | (e.removed ? kRemoved : 0) |
                                          (record.source_kept ? kSourceKept : 0) | (extra != 0 ? kExtra : 0));
  front.product = static_cast<std::uint8_t>(e.product.size());
  std::memcpy(to, &front, sizeof front);
  to += sizeof front;
  if (!e.product.empty()) std::memcpy(to, e.product.data(), e.product.size());
  to += e.product.size();
  if (!e.actor.empty()) std::memcpy(to, e.actor.data(), e.actor.size());
  to += e.actor.size();
  if (extra != 0) std::memcpy(to, extra_.data(), extra);
  end_ += size;
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

void EventRing::trim() {
  while (count_ > events_max_ || end_ - begin_ > bytes_max_) {
    Chunk& chunk = chunks_.front();
    const Front front = front_at(chunk.data.get() + (begin_ - chunk.start));
    dropped_ = Position(front.position);
    begin_ += front.size;
    --count_;
    if (begin_ == chunk.start + chunk.used) {
      recycle(chunk);
      chunks_.pop_front();
    }
  }
}

std::size_t EventRing::bytes() const {
  std::size_t sum = spare_.size() * kChunk;
  for (const Chunk& chunk : chunks_) sum += chunk.capacity;
  return sum;
}

Position EventRing::oldest() const { return count_ == 0 ? Position() : Position(front_at(at(begin_)).position); }

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
  const std::byte* from = at(offset);
  const Front front = front_at(from);
  show(front, out);
  ByteReader in(ByteView(from + sizeof front, front.size - sizeof front));
  out.event.product = as_text(in.raw(front.product));
  out.event.actor = as_text(in.raw(front.actor));
  clear_extra(out);
  if ((front.flags & kExtra) != 0) read_extra(in, out);
  TITER_CHECK(in.done(), "a history record is broken");
  const bool kept = front.back != 0 && offset - begin_ >= front.back;
  out.previous = kept ? offset - front.back + 1 : 0;
  out.next = offset + front.size;
}

std::uint64_t EventRing::above(Position since) const {
  auto chunk =
      std::partition_point(chunks_.begin(), chunks_.end(), [&](const Chunk& c) { return c.first <= since; });
  if (chunk != chunks_.begin()) --chunk;
  if (chunk == chunks_.end()) return end_;
  std::uint64_t offset = std::max(begin_, chunk->start);
  while (offset < chunk->start + chunk->used) {
    const Front front = front_at(chunk->data.get() + (offset - chunk->start));
    if (front.position > since.value) return offset;
    offset += front.size;
  }
  return offset;
}

void EventRing::offsets_before(std::uint64_t before, std::vector<std::uint64_t>& out) const {
  out.clear();
  if (before <= begin_) return;
  const Chunk& chunk = chunk_of(before - 1);
  for (std::uint64_t offset = std::max(begin_, chunk.start); offset < before;) {
    out.push_back(offset);
    offset += front_at(chunk.data.get() + (offset - chunk.start)).size;
  }
}

void EventRing::write_record(std::uint64_t offset, Bytes& out) const {
  const std::byte* from = at(offset);
  ByteWriter(out).raw({from, front_at(from).size});
}

bool EventRing::read_record(ByteView in, Record& out) {
  if (in.size() < sizeof(Front)) return false;
  const Front front = front_at(in.data());
  if (front.size != in.size() || front.kind < 1 || front.kind > 9) return false;
  show(front, out);
  ByteReader rest(in.subspan(sizeof front));
  out.event.product = as_text(rest.raw(front.product));
  out.event.actor = as_text(rest.raw(front.actor));
  out.previous = 0;
  clear_extra(out);
  if ((front.flags & kExtra) != 0) {
    read_extra(rest, out);
    if (!has_extra(out)) return false;  // would be kept shorter than it came
  }
  return rest.done();
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
}

void EventRing::relink(std::uint64_t offset, std::uint64_t previous) {
  const Chunk& chunk = chunk_of(offset);
  const std::uint64_t back = previous == 0 ? 0 : offset - (previous - 1);
  const auto distance = back > 0xFFFF'FFFF ? 0U : static_cast<std::uint32_t>(back);
  std::memcpy(chunk.data.get() + (offset - chunk.start) + offsetof(Front, back), &distance, sizeof distance);
}

}  // namespace titer::registry
