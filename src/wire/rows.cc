// SPDX-License-Identifier: Apache-2.0

// Rows of answers: sites with their stock, events, totals.

#include "base/limits.h"
#include "wire/codec.h"
#include "wire/coding.h"

namespace titer::wire {
namespace {

using registry::Event;
using registry::EventKind;
using registry::PointSource;
using registry::Site;
using registry::SiteStatus;
using registry::StockLine;

enum : std::uint8_t { kExisted = 1, kRemoved = 2 };  // of an event
constexpr std::size_t kFieldChangesMax = 64;         // above the number of fields that a site has

void put_stock_line(ByteWriter& out, const StockLine& s) {
  put_text(out, s.product);
  put_availability(out, s.availability);
  put_time(out, s.valid_at);
  put_time(out, s.changed_at);
  put_time(out, s.checked_at);
  put_text(out, s.source);
  put_text(out, s.updated_by);
  put_varint(out, s.version);
}
StockLine get_stock_line(ByteReader& in) {
  StockLine s;
  s.product = get_text(in);
  s.availability = get_availability(in);
  s.valid_at = get_time(in);
  s.changed_at = get_time(in);
  s.checked_at = get_time(in);
  s.source = get_text(in);
  s.updated_by = get_text(in);
  s.version = get_u32(in);
  return s;
}

// Every text field of a site, in the order of the row.
constexpr std::string_view Site::*kTexts[] = {
    &Site::id,          &Site::name,     &Site::zip,    &Site::zip_plus4,  &Site::street,
    &Site::city,        &Site::state,    &Site::county, &Site::phone,      &Site::info_url,
    &Site::booking_url, &Site::provider, &Site::hours,  &Site::created_by, &Site::updated_by};

}  // namespace

void encode_site(ByteWriter& out, const Site& s) {
  for (const auto text : kTexts) put_text(out, s.*text);
  put_varint(out, s.external_ids.size());
  for (const auto& [system, value] : s.external_ids) {
    put_text(out, system);
    put_text(out, value);
  }
  if (!s.external_ids.empty()) put_varint(out, s.unverified);
  out.u8(static_cast<std::uint8_t>(s.point));
  if (s.point != PointSource::kNone) {
    out.f64(s.lat);
    out.f64(s.lon);
  }
  out.u8(static_cast<std::uint8_t>(s.status));
  put_varint(out, s.version);
  put_time(out, s.created_at);
  put_time(out, s.updated_at);
  put_varint(out, s.changed.value);
  put_varint(out, s.stock.size());
  for (const StockLine& line : s.stock) put_stock_line(out, line);
}

Site decode_site(ByteReader& in) {
  Site s;
  for (const auto text : kTexts) s.*text = get_text(in);
  const std::size_t ids = get_count(in, limits::kExternalIdsMax);
  s.external_ids.reserve(ids);
  for (std::size_t i = 0; i < ids && in.ok(); ++i) {
    const std::string_view system = get_text(in);
    s.external_ids.emplace_back(system, get_text(in));
  }
  if (ids > 0) s.unverified = get_u32(in);
  if ((std::uint64_t{s.unverified} >> ids) != 0) in.fail();
  s.point = get_enum(in, PointSource::kNone, PointSource::kZipCentroid);
  if (s.point != PointSource::kNone) {
    s.lat = in.f64();
    s.lon = in.f64();
  }
  s.status = get_enum(in, SiteStatus::kActive, SiteStatus::kClosed);
  s.version = get_u32(in);
  s.created_at = get_time(in);
  s.updated_at = get_time(in);
  s.changed = Position(get_varint(in));
  const std::size_t lines = get_count(in, limits::kStockLinesMax);
  s.stock.reserve(lines);
  for (std::size_t i = 0; i < lines && in.ok(); ++i) s.stock.push_back(get_stock_line(in));
  return s;
}

void encode_event(ByteWriter& out, const Event& e) {
  put_varint(out, e.position.value);
  put_varint(out, e.part);
  put_time(out, e.time);
  out.u8(static_cast<std::uint8_t>(e.kind));
  put_text(out, e.actor);
  put_text(out, e.site_id);
  put_text(out, e.product);
  put_availability(out, e.before);
  put_availability(out, e.after);
  out.u8(static_cast<std::uint8_t>(when(e.existed, kExisted) | when(e.removed, kRemoved)));
  put_varint(out, e.fields.size());
  for (const registry::FieldChange& f : e.fields) {
    put_text(out, f.field);
    put_text(out, f.before);
    put_text(out, f.after);
  }
  put_text(out, e.reason);
  put_text(out, e.idempotency_key);
  put_varint(out, e.reverts.value);
}

Event decode_event(ByteReader& in) {
  Event e;
  e.position = Position(get_varint(in));
  e.part = get_u32(in);
  e.time = get_time(in);
  e.kind = get_enum(in, EventKind::kAddSite, registry::kLastEventKind);
  e.actor = get_text(in);
  e.site_id = get_text(in);
  e.product = get_text(in);
  e.before = get_availability(in);
  e.after = get_availability(in);
  const std::uint8_t flags = get_flags(in, kExisted | kRemoved);
  e.existed = (flags & kExisted) != 0;
  e.removed = (flags & kRemoved) != 0;
  const std::size_t n = get_count(in, kFieldChangesMax);
  e.fields.reserve(n);
  for (std::size_t i = 0; i < n && in.ok(); ++i) {
    registry::FieldChange f;
    f.field = get_text(in);
    f.before = get_text(in);
    f.after = get_text(in);
    e.fields.push_back(f);
  }
  e.reason = get_text(in);
  e.idempotency_key = get_text(in);
  e.reverts = Position(get_varint(in));
  return e;
}

void encode_key(ByteWriter& out, const registry::Key& key) {
  out.u64(key.id.value);
  put_text(out, key.owner);
  out.u8(static_cast<std::uint8_t>(key.role));
  put_varint(out, key.scope.size());
  for (const std::string_view part : key.scope) put_text(out, part);
  put_time(out, key.created);
  put_time(out, key.expires);
  put_time(out, key.revoked);
  put_text(out, key.created_by);
  put_varint(out, key.sites_max);
}
registry::Key decode_key(ByteReader& in) {
  registry::Key key;
  key.id = registry::KeyId(in.u64());
  key.owner = get_text(in);
  key.role = get_enum(in, registry::Role::kReader, registry::Role::kOperator);
  const std::size_t n = get_count(in, limits::kKeyScopeMax);
  key.scope.reserve(n);
  for (std::size_t i = 0; i < n && in.ok(); ++i) key.scope.push_back(get_text(in));
  key.created = get_time(in);
  key.expires = get_time(in);
  key.revoked = get_time(in);
  key.created_by = get_text(in);
  key.sites_max = get_u32(in);
  return key;
}

void encode_switch(ByteWriter& out, const registry::WriteSwitch& writes) {
  out.u8(writes.stopped ? 1 : 0);
  put_text(out, writes.reason);
  put_text(out, writes.by);
  put_time(out, writes.since);
}
registry::WriteSwitch decode_switch(ByteReader& in) {
  registry::WriteSwitch writes;
  writes.stopped = get_bool(in);
  writes.reason = get_text(in);
  writes.by = get_text(in);
  writes.since = get_time(in);
  return writes;
}

void encode_totals(ByteWriter& out, const registry::Totals& t) {
  for (const std::uint64_t v : {t.sites, t.active_sites, t.stock_lines, t.events, t.oldest_event.value, t.bytes})
    put_varint(out, v);
}
registry::Totals decode_totals(ByteReader& in) {
  registry::Totals t;
  t.sites = get_varint(in);
  t.active_sites = get_varint(in);
  t.stock_lines = get_varint(in);
  t.events = get_varint(in);
  t.oldest_event = Position(get_varint(in));
  t.bytes = get_varint(in);
  return t;
}

void encode_explanation(ByteWriter& out, const registry::Explanation& e) {
  put_varint(out, e.rows);
  put_varint(out, e.steps);
  out.u8(e.indexes);
}
registry::Explanation decode_explanation(ByteReader& in) {
  registry::Explanation e;
  e.rows = get_varint(in);
  e.steps = get_u32(in);
  e.indexes = in.u8();
  if (e.indexes >> registry::kAlongs != 0) in.fail();
  return e;
}

}  // namespace titer::wire
