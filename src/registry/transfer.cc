// SPDX-License-Identifier: Apache-2.0

#include "registry/transfer.h"

#include <algorithm>

#include "base/limits.h"
#include "registry/validate.h"

namespace titer::registry {
namespace {

// Rows that one call looks at, at most: 64 bytes each, so a call over a large registry in which little changed still
// ends within a millisecond or two.
constexpr std::uint32_t kScanSlots = 65'536;

enum class Part : std::uint8_t { kSite = 1, kEvent = 2, kHead = 3, kAccess = 4 };

// Begins a part; end() fills in its length.
class PartWriter {
 public:
  PartWriter(Part part, Bytes& out) : out_(out), writer_(out) {
    writer_.u8(static_cast<std::uint8_t>(part));
    at_ = writer_.size();
    writer_.u32(0);
  }
  ByteWriter& body() { return writer_; }
  void end() { writer_.patch_u32(at_, static_cast<std::uint32_t>(out_.size() - at_ - 4)); }

 private:
  Bytes& out_;
  ByteWriter writer_;
  std::size_t at_ = 0;
};

Error malformed(const char* what) {
  return {Code::kProtocol, std::string("the transferred registry is malformed: ") + what};
}

Status read_site(RegistryCore& core, ByteView in) {
  ByteReader reader(in);
  const std::uint32_t slot = reader.u32();
  SiteImage image;
  if (!reader.ok() || !read_image(in.subspan(4), image) || !is_sound(image)) return malformed("a site");
  if (slot > core.store.slots()) return malformed("a site whose predecessors are missing");
  if (core.store.in_bulk() && slot != core.store.slots()) return malformed("a site that comes twice");
  const std::uint32_t owner = core.store.find_id(image.site.id);
  if (slot < core.store.slots() ? owner != slot : owner != kNil) return malformed("a site in another's place");
  restore_image(core.store, slot, image);
  return ok_status();
}

bool is_sound(const Record& record) {
  const Event& e = record.event;
  if (e.part >= limits::kEventsPerPositionMax || e.actor.size() > limits::kNameBytesMax) return false;
  if (e.reason.size() > limits::kTextBytesMax || e.idempotency_key.size() > limits::kNameBytesMax) return false;
  return e.product.empty() || is_product(e.product);
}

// The newest event of each lane.
using Newest = PerLane<Position>;
Newest newest_of(const EventLog& history) {
  Newest newest;
  for (const Lane lane : kAllLanes) newest[lane] = history[lane].newest();
  return newest;
}

Status read_event(RegistryCore& core, ByteView in, const Newest& known) {
  Record record;
  if (!EventRing::read_record(in, record) || !is_sound(record)) return malformed("an event");
  // A position is always sent whole, so an event up to what came in earlier messages is a repetition.
  const Lane lane = EventLog::lane_of(record);
  if (record.event.position <= known[lane]) return ok_status();
  if (record.event.position < core.history[lane].newest()) return malformed("events out of order");
  if (concerns_site(record.event.kind)) {
    if (record.slot >= core.store.slots()) return malformed("an event of a site that does not exist");
  } else if (record.slot != kNil || record.excess) {
    return malformed("an event of a site that no site can have");
  }
  core.append(record);  // the chain of a site's events is not sent; it grows here as it grew there
  core.history.trim(core.time);
  return ok_status();
}

Status read_head(RegistryCore& core, ByteView in) {
  ByteReader reader(in);
  const Position position(reader.u64());
  const WallTime time(reader.i64());
  const std::uint32_t slots = reader.u32();
  struct Kept {
    Position dropped;
    std::uint64_t events = 0;
  };
  PerLane<Kept> lanes;
  for (Kept& lane : lanes.each) {
    lane.dropped = Position(reader.u64());
    lane.events = reader.u64();
  }
  if (!reader.done()) return malformed("the head");
  if (core.history.newest() > position || core.store.slots() > slots)
    return Error{Code::kTooOld, "the transferred registry's head is older than what came before it"};
  if (slots != core.store.slots()) return malformed("sites are missing");
  // The events that were here before the transfer may reach back farther, with a gap in between.
  for (const Lane lane : kAllLanes) {
    const Kept& kept = lanes[lane];
    core.history.cut(lane, kept.events, kept.dropped);
    if (kept.events != core.history[lane].events()) return malformed("events are missing");
  }
  core.position = position;
  core.time = time;
  return ok_status();
}

}  // namespace

void write_site(const Store& store, std::uint32_t slot, Bytes& out) {
  PartWriter part(Part::kSite, out);
  part.body().u32(slot);
  write_image(store, slot, out);
  part.end();
}

std::uint32_t write_sites(const Store& store, std::uint32_t from_slot, std::size_t bytes_max, Position since,
                          Bytes& out) {
  const std::size_t limit = out.size() + bytes_max;
  const std::uint32_t left = store.slots() - std::min(from_slot, store.slots());
  const std::uint32_t end = from_slot + std::min(left, kScanSlots);
  std::uint32_t slot = from_slot;
  for (; slot < end && (slot == from_slot || out.size() < limit); ++slot) {
    if (store.hot(slot).changed > since.value) write_site(store, slot, out);
  }
  return slot;
}

bool take_changed(Store& store, std::size_t sites_min, std::size_t bytes_max, const State::PartVisitor& visit) {
  Bytes part;
  std::size_t bytes = 0;
  for (std::size_t sites = 0; sites < sites_min || bytes < bytes_max; ++sites) {
    const std::uint32_t slot = store.take_change();
    if (slot == kNil) return true;
    part.clear();
    write_site(store, slot, part);
    bytes += part.size();
    visit(slot, part);
  }
  return store.changes() == 0;
}

Position write_events(const RegistryCore& core, Lane lane, Position since, std::size_t bytes_max, Bytes& out) {
  const EventRing& history = core.history[lane];
  const std::size_t limit = out.size() + bytes_max;
  Position done = since;
  EventRing::Place place;
  for (std::uint64_t at = history.above(since); at < history.end(); at = place.next) {
    place = history.place(at);
    if (place.position != done && out.size() >= limit) return done;
    done = place.position;
    PartWriter part(Part::kEvent, out);
    history.write_record(at, out);
    part.end();
  }
  return std::max(done, core.position);  // in the middle of a transfer the last head is older than the last event
}

void write_access(const RegistryCore& core, Position since, Bytes& out) {
  if (core.access.changed() <= since) return;
  PartWriter part(Part::kAccess, out);
  core.access.write(out);
  part.end();
}

void write_head(const RegistryCore& core, Bytes& out) {
  PartWriter part(Part::kHead, out);
  part.body().u64(core.position.value);
  part.body().i64(core.time.value);
  part.body().u32(core.store.slots());
  for (const Lane lane : kAllLanes) {
    part.body().u64(core.history.dropped(lane).value);
    part.body().u64(core.history[lane].events());
  }
  part.end();
}

Status read_transfer(RegistryCore& core, ByteView in) {
  ByteReader reader(in);
  const Newest known = newest_of(core.history);
  while (reader.ok() && reader.left() > 0) {
    const auto part = static_cast<Part>(reader.u8());
    const ByteView body = reader.blob();
    if (!reader.ok()) return malformed("a part is cut off");
    Status status = malformed("a part of an unknown kind");
    if (part == Part::kSite) status = read_site(core, body);
    if (part == Part::kEvent) status = read_event(core, body, known);
    if (part == Part::kHead) status = read_head(core, body);
    if (part == Part::kAccess) status = core.access.read(body) ? ok_status() : Status(malformed("the keys"));
    if (!status) return status;
  }
  return ok_status();
}

}  // namespace titer::registry
