// SPDX-License-Identifier: Apache-2.0

#include "registry/registry_core.h"

#include <algorithm>

namespace titer::registry {

// --- events: append() first, rows afterwards

void RegistryCore::record(const RequestContext& context, EventKind kind, std::uint32_t slot) {
  Event& e = record_.event;
  e.part = e.position == context.position ? e.part + 1 : 0;
  e.position = context.position;
  e.time = context.time;
  e.kind = kind;
  e.actor = context.actor;
  e.reason = context.reason;
  e.idempotency_key = context.idempotency_key;
  e.product = {};
  e.before = e.after = {};
  e.existed = true;
  e.removed = false;
  e.reverts = {};
  e.fields.clear();
  record_.slot = slot;
  record_.valid_before = {};
  record_.source_before = {};
  record_.source_kept = true;
  record_.key = context.key;
  record_.excess = history.lane_of(context.key, kind, context.position) == Lane::kExcess;
}

std::uint64_t RegistryCore::last_event(std::uint32_t slot, Lane lane) const {
  return lane == Lane::kExcess ? store.seldom(slot).last_excess : store.hot(slot).last_event;
}
void RegistryCore::set_last_event(std::uint32_t slot, Lane lane, std::uint64_t at) {
  if (lane == Lane::kExcess) return store.set_last_excess(slot, at);
  store.set_last_event(slot, at);
}

void RegistryCore::append(Record& record) {
  record.previous = 0;
  if (record.slot == kNil) {
    (void)history.append(record);
    return;
  }
  const Lane lane = EventLog::lane_of(record);
  record.previous = last_event(record.slot, lane);
  set_last_event(record.slot, lane, history.append(record) + 1);
}

std::uint32_t RegistryCore::create_site(const RequestContext& context, EventKind kind, SiteImage& image) {
  Site& site = image.site;
  site.version = 1;
  site.created_at = site.updated_at = context.time;
  site.created_by = site.updated_by = context.actor;
  image.created_key = context.grantee == nullptr ? kNoKey : context.key;
  site.changed = context.position;
  record(context, kind, store.slots());
  record_.event.existed = false;
  record_.event.fields.push_back({"name", "", site.name});
  if (!site.zip.empty()) record_.event.fields.push_back({"zip", "", site.zip});
  record_.previous = 0;
  const std::uint64_t at = history.append(record_);
  const std::uint32_t slot = store.add(image);
  set_last_event(slot, EventLog::lane_of(record_), at + 1);
  return slot;
}

void RegistryCore::change_site(const RequestContext& context, EventKind kind, std::uint32_t slot, SiteImage& image,
                               const std::vector<FieldChange>& fields, Position reverts) {
  save(slot);
  image.site.version = store.hot(slot).version + 1;
  image.site.updated_at = context.time;
  image.site.updated_by = context.actor;
  image.site.changed = context.position;
  record(context, kind, slot);
  record_.event.fields = fields;
  record_.event.reverts = reverts;
  append(record_);
  store.put(slot, image);
}

namespace {

bool is_claim(EventKind kind) { return kind == EventKind::kSetAvailability || kind == EventKind::kImport; }

// A change that is no claim lies after the last claim, so that the two can be told apart (apply.h, is_out_of_date), even when both
// have one time. A line that an undo brings back was last claimed as of its valid_at.
void mark_change(WallTime now, bool claim, bool existed, StockLine& row) {
  row.changed_at = now;
  if (claim) {
    row.checked_at = now;
    return;
  }
  if (!existed) row.checked_at = row.valid_at;
  row.changed_at = std::max(now, WallTime(row.checked_at.value + 1));
}

}  // namespace

void RegistryCore::change_line(const RequestContext& context, EventKind kind, std::uint32_t slot,
                               std::uint32_t line, const StockLine* next, Outcome& out, Position reverts) {
  if (rollback_.armed) save(slot);
  record(context, kind, slot);
  Event& e = record_.event;
  e.reverts = reverts;
  e.existed = line != kNil;
  StockLine row;
  if (e.existed) {
    row = store.show_line(line);
    e.before = row.availability;
    record_.valid_before = row.valid_at;
    record_.source_kept = next != nullptr && next->source == row.source;
    if (!record_.source_kept) record_.source_before = row.source;
  }
  e.product = e.existed ? row.product : next->product;
  e.removed = next == nullptr;
  if (next != nullptr) e.after = next->availability;
  append(record_);

  out.has_stock = true;
  out.before = e.before;
  out.after = e.after;
  out.changed = true;
  if (next == nullptr) {
    store.show(slot, image_);
    image_.retired_version = std::max(image_.retired_version, row.version);
    image_.site.changed = context.position;
    store.remove_line(line);
    store.put(slot, image_);
    out.stock_version = 0;
    return;
  }
  row.availability = next->availability;
  row.valid_at = next->valid_at;
  row.source = next->source;
  mark_change(context.time, is_claim(kind), e.existed, row);
  row.updated_by = context.actor;
  if (e.existed) {
    ++row.version;
    store.put_line(line, row, context.position);
  } else {
    row.product = next->product;
    row.version = store.seldom(slot).retired_version + 1;
    store.add_line(slot, row);
    store.touch(slot, context.position);
  }
  out.stock_version = row.version;
}

void RegistryCore::refresh_line(const RequestContext& context, std::uint32_t line, WallTime valid_at,
                                std::string_view source) {
  if (rollback_.armed) save(store.line(line).slot);
  StockLine row = store.show_line(line);
  row.valid_at = valid_at;
  row.checked_at = context.time;
  if (!source.empty()) row.source = source;
  store.put_line(line, row, context.position);
}

void RegistryCore::note(const RequestContext& context, EventKind kind, const std::vector<FieldChange>& fields) {
  record(context, kind, kNil);
  record_.event.fields = fields;
  append(record_);
}

// --- rollback

void RegistryCore::arm() {
  TITER_CHECK(!rollback_.armed, "one bulk inside another");
  rollback_.armed = true;
  rollback_.slots = store.slots();
  rollback_.mark = history.mark();
  rollback_.saved.clear();
  rollback_.images.clear();
}

void RegistryCore::commit() { rollback_.armed = false; }

void RegistryCore::save(std::uint32_t slot) {
  if (!rollback_.armed || slot >= rollback_.slots) return;
  for (const Rollback::Saved& saved : rollback_.saved) {
    if (saved.slot == slot) return;
  }
  const std::size_t begin = rollback_.images.size();
  write_image(store, slot, rollback_.images);
  rollback_.saved.push_back(
      {slot, store.hot(slot).last_event, store.seldom(slot).last_excess, begin, rollback_.images.size() - begin});
}

void RegistryCore::roll_back() {
  rollback_.armed = false;
  history.rewind(rollback_.mark);
  while (store.slots() > rollback_.slots) store.pop();
  for (const Rollback::Saved& saved : rollback_.saved) {
    const ByteView bytes = ByteView(rollback_.images).subspan(saved.image_begin, saved.image_size);
    TITER_CHECK(read_image(bytes, image_), "an image for rollback is broken");
    restore_image(store, saved.slot, image_);
    store.set_last_event(saved.slot, saved.last_event);
    store.set_last_excess(saved.slot, saved.last_excess);
  }
}

// --- images

void write_image(const Store& store, std::uint32_t slot, Bytes& out) {
  SiteImage image;
  store.show(slot, image);
  const Site& s = image.site;
  ByteWriter w(out);
  for (const std::string_view text :
       {s.id, s.name, s.zip, s.zip_plus4, s.street, s.city, s.state, s.county, s.phone, s.info_url, s.booking_url,
        s.provider, s.hours, s.created_by, s.updated_by}) {
    w.text(text);
  }
  w.u8(static_cast<std::uint8_t>(s.external_ids.size()));
  for (const ExternalId& pair : s.external_ids) {
    w.text(pair.first);
    w.text(pair.second);
  }
  w.u32(s.unverified);
  w.u8(static_cast<std::uint8_t>(s.status));
  w.u8(static_cast<std::uint8_t>(s.point));
  w.u32(static_cast<std::uint32_t>(store.cold(slot).lat));
  w.u32(static_cast<std::uint32_t>(store.cold(slot).lon));
  w.u32(s.version);
  w.i64(s.created_at.value);
  w.i64(s.updated_at.value);
  w.u64(s.changed.value);
  w.u16(image.asked_name);
  w.u32(image.retired_version);
  w.u64(image.created_key.value);
  w.u16(store.hot(slot).lines);
  for (std::uint32_t at = store.hot(slot).first_line; at != kNil; at = store.line(at).next) {
    const StockLine line = store.show_line(at);
    w.text(line.product);
    w.u8(static_cast<std::uint8_t>(line.availability.kind));
    w.u32(static_cast<std::uint32_t>(line.availability.count));
    w.i64(line.valid_at.value);
    w.i64(line.changed_at.value);
    w.i64(line.checked_at.value);
    w.text(line.source);
    w.text(line.updated_by);
    w.u32(line.version);
  }
}

bool read_image(ByteView bytes, SiteImage& image) {
  Site& s = image.site;
  ByteReader in(bytes);
  for (std::string_view* text :
       {&s.id, &s.name, &s.zip, &s.zip_plus4, &s.street, &s.city, &s.state, &s.county, &s.phone, &s.info_url,
        &s.booking_url, &s.provider, &s.hours, &s.created_by, &s.updated_by}) {
    *text = in.text();
  }
  s.external_ids.clear();
  for (unsigned i = in.u8(); i > 0 && in.ok(); --i) {
    const std::string_view system = in.text();
    s.external_ids.emplace_back(system, in.text());
  }
  s.unverified = in.u32();
  s.status = static_cast<SiteStatus>(in.u8());
  s.point = static_cast<PointSource>(in.u8());
  s.lat = from_e7(static_cast<std::int32_t>(in.u32()));
  s.lon = from_e7(static_cast<std::int32_t>(in.u32()));
  s.version = in.u32();
  s.created_at = WallTime(in.i64());
  s.updated_at = WallTime(in.i64());
  s.changed = Position(in.u64());
  image.asked_name = in.u16();
  image.retired_version = in.u32();
  image.created_key = KeyId(in.u64());
  s.stock.clear();
  for (unsigned i = in.u16(); i > 0 && in.ok(); --i) {
    StockLine line;
    line.product = in.text();
    line.availability.kind = static_cast<Availability::Kind>(in.u8());
    line.availability.count = in.u32();
    line.valid_at = WallTime(in.i64());
    line.changed_at = WallTime(in.i64());
    line.checked_at = WallTime(in.i64());
    line.source = in.text();
    line.updated_by = in.text();
    line.version = in.u32();
    s.stock.push_back(line);
  }
  return in.done();
}

void restore_image(Store& store, std::uint32_t slot, const SiteImage& image) {
  if (slot == store.slots()) {
    store.add(image);
  } else {
    while (store.hot(slot).first_line != kNil) store.remove_line(store.hot(slot).first_line);
    store.put(slot, image);
  }
  for (const StockLine& line : image.site.stock) store.add_line(slot, line);
}

}  // namespace titer::registry
