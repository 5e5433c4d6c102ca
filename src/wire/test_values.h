// SPDX-License-Identifier: Apache-2.0

// Random but reproducible values of everything that travels, for the tests of this module and of machine.
// Header only, included by tests only. A Maker owns the text that its values point to.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <span>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/limits.h"
#include "registry/permissions.h"
#include "smr/request_batch.h"
#include "wire/codec.h"

namespace titer::wire {

class Maker {
 public:
  explicit Maker(std::uint64_t seed) : state_(seed * 2 + 1) {}

  std::uint64_t number() {  // splitmix64
    std::uint64_t z = (state_ += 0x9E3779B97F4A7C15);
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
    return z ^ (z >> 31);
  }
  std::uint64_t below(std::uint64_t n) { return number() % n; }
  bool coin() { return below(2) == 1; }
  // All magnitudes alike: one byte as often as eight.
  std::uint64_t any() { return number() >> below(64); }
  std::int64_t any_signed() { return static_cast<std::int64_t>(coin() ? any() : ~any()); }
  std::uint32_t u32() { return static_cast<std::uint32_t>(any()); }
  double real() { return static_cast<double>(any_signed()) / 1024; }
  WallTime time() { return WallTime(any_signed()); }
  std::uint64_t counter() { return any() >> 2; }  // up to limits::kCounterMax
  Position position() { return Position(counter()); }
  ViewNumber view() { return ViewNumber(counter()); }

  std::string string() {
    std::string s(below(4) == 0 ? below(300) : below(12), '\0');
    for (char& c : s) c = static_cast<char>(below(256));
    return s;
  }
  std::string_view text() { return texts_.emplace_back(string()); }
  std::string_view name() { return texts_.emplace_back(string() + "x"); }
  std::string_view product() { return coin() ? registry::kAnyProduct : name(); }
  template <typename T>
  std::optional<T> maybe(T value) {
    return coin() ? std::optional<T>(value) : std::nullopt;
  }

  registry::Availability availability() {
    const auto kind = static_cast<registry::Availability::Kind>(below(4));
    return {kind, kind == registry::Availability::Kind::kCount ? any() : 0};
  }
  registry::Precondition condition() {
    std::array<std::uint32_t, 3> versions{u32(), u32(), u32()};
    const std::span list(versions.data(), below(4));
    return *(coin() ? registry::Precondition::one_of(list) : registry::Precondition::none_of(list));
  }
  registry::SiteRef ref() { return coin() ? registry::SiteRef{name(), {}} : registry::SiteRef{{}, text()}; }
  std::vector<registry::ExternalId> external_ids() {
    std::vector<registry::ExternalId> ids(below(4));
    for (auto& [system, value] : ids) system = text(), value = text();
    return ids;
  }
  registry::SiteFields fields() {
    registry::SiteFields f;
    for (auto* field : {&f.name, &f.zip, &f.zip_plus4, &f.street, &f.city, &f.state, &f.county, &f.phone,
                        &f.info_url, &f.booking_url, &f.provider, &f.hours})
      *field = maybe(text());
    f.lat = maybe(real());
    f.lon = maybe(real());
    f.status = maybe(static_cast<registry::SiteStatus>(below(3)));
    if (coin()) f.external_ids = external_ids();
    return f;
  }
  registry::StockClaim claim() { return {product(), availability(), maybe(time()), text()}; }
  std::optional<registry::StockClaim> maybe_claim() { return maybe(claim()); }

  // `kind` from 0: as in the variant.
  template <typename V>
  V operation(std::size_t kind) {
    switch (kind) {
      case 0: return registry::AddSite{text(), fields(), maybe_claim()};
      case 1: return registry::EditSite{ref(), fields(), condition()};
      case 2: return registry::CloseSite{ref(), condition()};
      case 3: return registry::SetAvailability{ref(), claim(), condition()};
      case 4: return registry::Adjust{ref(), product(), any_signed(), condition()};
      case 5: return registry::Reserve{ref(), product(), any(), condition()};
      case 6: return registry::Release{ref(), product(), any(), condition()};
      case 7: return registry::Undo{position()};
      default: return registry::ImportRow{text(), fields(), maybe_claim()};
    }
  }
  registry::KeyId key() { return registry::KeyId(1 + below(~std::uint64_t{0} - 1)); }
  registry::Role role() { return static_cast<registry::Role>(1 + below(registry::kRoles)); }
  registry::SecretHash hash() {
    registry::SecretHash h{};
    for (std::byte& b : h) b = static_cast<std::byte>(below(256));
    return h;
  }
  std::vector<std::string_view> scope() {
    std::vector<std::string_view> parts(below(4));
    for (auto& part : parts) part = text();
    return parts;
  }
  registry::Operation access_operation() {
    switch (below(3)) {
      case 0: return registry::CreateKey{key(), hash(), text(), role(), scope(), time(), u32()};
      case 1: return registry::RevokeKey{key()};
      default: return registry::SetWriteStop{coin()};
    }
  }
  registry::Key key_row() { return {key(), text(), role(), scope(), time(), time(), time(), text(), u32()}; }
  registry::WriteSwitch write_switch() { return {coin(), text(), text(), time()}; }
  registry::Request request() {
    registry::Request r;
    const std::size_t kind = below(11);
    if (kind == 10) {
      r.operation = access_operation();
    } else if (kind == 9) {
      registry::Bulk bulk;
      for (std::uint64_t n = below(5); n > 0; --n) bulk.operations.push_back(operation<registry::Simple>(below(9)));
      r.operation = std::move(bulk);
    } else {
      r.operation = operation<registry::Operation>(kind);
    }
    r.actor = text(), r.reason = text(), r.idempotency_key = text(), r.echo_site = coin();
    if (coin()) r.key = key();
    return r;
  }

  registry::Outcome outcome() {
    registry::Outcome o;
    if (coin()) o.code = static_cast<Code>(below(19)), o.message = string();
    o.position = position();
    o.changed = coin(), o.created = coin(), o.has_stock = coin();
    if (coin()) o.site_id = string(), o.site_version = u32();
    if (o.has_stock) o.before = availability(), o.after = availability(), o.stock_version = u32();
    if (coin()) o.failed_part = u32();
    if (coin()) o.site_name = string(), o.site_zip = string();
    return o;
  }

  registry::SiteFilter filter() {
    registry::SiteFilter f{text(), text(), text(), {}, coin(), coin(), maybe(time()), coin() ? time() : WallTime()};
    for (int products = coin() ? 0 : coin() ? 1 : 3; products > 0; --products) f.products.emplace_back("p");
    return f;
  }
  registry::Query query() {
    switch (below(11)) {
      case 0: return registry::ListSites{filter(), text(), text(), u32(), coin()};
      case 1: return registry::GetSite{ref()};
      case 2: return registry::Near{text(), real(), real(), real(), filter(), u32(), coin()};
      case 3:
        return registry::History{maybe(ref()), position(), u32(), static_cast<registry::History::Of>(below(2))};
      case 4: return registry::Changes{position(), u32()};
      case 5: return registry::ChangedSites{position()};
      case 6: return registry::ListKeys{key(), u32()};
      case 7: return registry::CheckKey{key(), hash()};
      case 8: return registry::CheckAct{key(), static_cast<registry::Act>(below(registry::kActs))};
      case 9: return registry::GetSwitch{};
      default: return registry::Info{};
    }
  }

  registry::Site site() {
    registry::Site s;
    for (auto* field : {&s.id, &s.name, &s.zip, &s.zip_plus4, &s.street, &s.city, &s.state, &s.county, &s.phone,
                        &s.info_url, &s.booking_url, &s.provider, &s.hours, &s.created_by, &s.updated_by})
      *field = text();
    s.external_ids = external_ids();
    s.unverified = static_cast<std::uint32_t>(below(std::uint64_t{1} << s.external_ids.size()));
    s.point = static_cast<registry::PointSource>(below(3));
    if (s.point != registry::PointSource::kNone) s.lat = real(), s.lon = real();
    s.status = static_cast<registry::SiteStatus>(below(3));
    s.version = u32();
    s.created_at = time(), s.updated_at = time();
    s.changed = position();
    for (std::uint64_t n = below(4); n > 0; --n)
      s.stock.push_back({text(), availability(), time(), time(), time(), text(), text(), u32()});
    return s;
  }
  registry::Event event() {
    registry::Event e;
    e.position = position(), e.part = u32(), e.time = time();
    e.kind = static_cast<registry::EventKind>(1 + below(12));
    e.actor = text(), e.site_id = text(), e.product = text();
    e.before = availability(), e.after = availability(), e.existed = coin(), e.removed = coin();
    for (std::uint64_t n = below(4); n > 0; --n) e.fields.push_back({text(), text(), text()});
    e.reason = text(), e.idempotency_key = text(), e.reverts = position();
    return e;
  }

  // --- the protocol's values

  TransmitterId transmitter() {
    return coin() ? TransmitterId(below(limits::kReplicasMax)) : TransmitterId(any() | kDirectClientBit);
  }
  smr::AckRow row() {
    smr::AckRow r;
    for (std::uint64_t x = 0; x < limits::kReplicasMax; ++x)
      if (coin()) r.emplace_back(TransmitterId(x), Seq(counter()));
    if (coin()) r.emplace_back(TransmitterId(any() | kDirectClientBit), Seq(counter()));
    return r;
  }
  smr::Frame frame(bool of_client = false) {
    smr::Frame f;
    f.view = view(), f.transmitter = transmitter(), f.seq = Seq(counter() | 1), f.ts = LamportTime(counter());
    f.stamp = WallTime(static_cast<std::int64_t>(below(limits::kWallTimeMaxMs + 1))), f.rest = coin();
    if (of_client) f.transmitter = TransmitterId(any() | kDirectClientBit);
    if (!of_client) f.acks = row();
    for (const auto& [transmitter, seq] : f.acks)
      if (is_direct_client(transmitter)) f.ack_contents.push_back({any(), any()});
    f.count = static_cast<std::uint32_t>(below(4));
    if (f.count == 0) return f;
    Bytes batch;
    for (std::uint32_t i = 0; i < f.count; ++i)
      smr::append_request(batch, {SessionId(any()), RequestNumber(counter() | 1), as_bytes(text()), position()});
    f.requests = std::make_shared<const Bytes>(std::move(batch));
    return f;
  }
  smr::FramePtr frame_ptr(bool of_client = false) { return std::make_shared<const smr::Frame>(frame(of_client)); }
  std::vector<smr::Unsettled> unsettled() {
    std::vector<smr::Unsettled> out;
    for (const auto& [transmitter, seq] : row()) {
      if (!is_direct_client(transmitter)) continue;
      auto& one = out.emplace_back(smr::Unsettled{transmitter, {}});
      for (std::uint64_t n = 1 + below(4); n > 0; --n)
        one.frames.push_back({LamportTime(counter()), {any(), any()}});
    }
    return out;
  }
  smr::ViewRecord record() {
    smr::ViewRecord r{view(), {}, {}};
    for (std::uint16_t i = 0; i < limits::kReplicasMax; ++i)
      if (coin()) r.members.push_back({ReplicaId(i), Incarnation(any()), string().substr(0, 200)});
    for (std::uint64_t n = below(4); n > 0; --n) r.known_dead.emplace_back(any());
    return r;
  }

 private:
  std::uint64_t state_;
  std::deque<std::string> texts_;
};

// One message of every type (the second byte string a Maker makes may differ in every field), in a fixed
// order.
std::vector<Bytes> one_of_each(Maker& make);
// Decodes the payload as its type asks for, as both ends of every link would. False: refused.
bool decodes(const Message& message);

}  // namespace titer::wire
