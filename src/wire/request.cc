// SPDX-License-Identifier: Apache-2.0

// The registry's requests as bodies: kind, flags, the optional texts about the request, then the operation.
//
// Reserve-sized requests are a name and a few bytes; a decoded request only points into the body.

#include <array>
#include <cstring>
#include <span>
#include <utility>

#include "base/limits.h"
#include "wire/codec.h"
#include "wire/coding.h"

namespace titer::wire {
namespace {

using registry::SiteFields;
using Kind = registry::Availability::Kind;

// A request's kind is its place in the variant, from 1 on: part of the wire format.
template <typename T, typename V, std::size_t i = 0>
constexpr std::uint8_t kind_of() {
  if constexpr (std::is_same_v<T, std::variant_alternative_t<i, V>>) {
    return i + 1;
  } else {
    return kind_of<T, V, i + 1>();
  }
}
template <typename T>
constexpr std::uint8_t kKind = kind_of<T, registry::Operation>();
static_assert(kKind<registry::AddSite> == 1 && kKind<registry::EditSite> == 2 && kKind<registry::CloseSite> == 3);
static_assert(kKind<registry::SetAvailability> == 4 && kKind<registry::Adjust> == 5);
static_assert(kKind<registry::Reserve> == 6 && kKind<registry::Release> == 7 && kKind<registry::Undo> == 8);
static_assert(kKind<registry::ImportRow> == 9 && kKind<registry::Bulk> == 10);
static_assert(kKind<registry::CreateKey> == 11 && kKind<registry::RevokeKey> == 12);
static_assert(kKind<registry::SetWriteStop> == 13);

enum : std::uint8_t { kActor = 1, kReason = 2, kIdempotencyKey = 4, kEchoSite = 8, kWithKey = 16 };
constexpr std::uint8_t kRequestFlags = kActor | kReason | kIdempotencyKey | kEchoSite | kWithKey;
// Where the id of the key is, when there is one: behind kind and flags, so that it is found without decoding the rest.
constexpr std::size_t kFlagsAt = 1, kKeyAt = 2;

// Of one operation's own flags byte.
enum : std::uint8_t {
  kById = 1,     // the site's text is its id, else its name
  kProduct = 2,  // a product other than "any" follows
  kValidAt = 4,
  kSource = 8,
  kIfVersion = 16,   // one version
  kHasStock = 32,    // a claim follows (add, import)
  kIfVersions = 32,  // any other condition on the version
  kHasId = 64,       // an id follows (add, import)
};
constexpr unsigned kKindShift = 6;  // of a claim's flags: the top two bits are the availability's kind
constexpr std::uint8_t kClaimFlags = kProduct | kValidAt | kSource | (3U << kKindShift);

// Bits 0 … 11 of the field mask, in this order; then lat, lon, status, external ids.
using TextField = std::optional<std::string_view> SiteFields::*;
constexpr std::array<TextField, 12> kTextFields = {
    &SiteFields::name,     &SiteFields::zip,         &SiteFields::zip_plus4, &SiteFields::street,
    &SiteFields::city,     &SiteFields::state,       &SiteFields::county,    &SiteFields::phone,
    &SiteFields::info_url, &SiteFields::booking_url, &SiteFields::provider,  &SiteFields::hours};
constexpr unsigned kLatBit = 12, kLonBit = 13, kStatusBit = 14, kExternalBit = 15;

std::uint32_t mask_of(const SiteFields& f) {
  std::uint32_t mask = 0;
  for (unsigned i = 0; i < kTextFields.size(); ++i)
    if (f.*kTextFields[i]) mask |= 1U << i;
  if (f.lat) mask |= 1U << kLatBit;
  if (f.lon) mask |= 1U << kLonBit;
  if (f.status) mask |= 1U << kStatusBit;
  if (f.external_ids) mask |= 1U << kExternalBit;
  return mask;
}

void put_fields(Out& out, const SiteFields& f) {
  out.varint(mask_of(f));
  for (const TextField field : kTextFields)
    if (f.*field) put_text(out, *(f.*field));
  if (f.lat) out.f64(*f.lat);
  if (f.lon) out.f64(*f.lon);
  if (f.status) out.u8(static_cast<std::uint8_t>(*f.status));
  if (!f.external_ids) return;
  out.varint(f.external_ids->size());
  for (const auto& [system, value] : *f.external_ids) {
    put_text(out, system);
    put_text(out, value);
  }
}

void get_fields(ByteReader& in, SiteFields& f) {
  const auto mask = static_cast<std::uint32_t>(get_bounded(in, (1U << (kExternalBit + 1)) - 1));
  for (unsigned i = 0; i < kTextFields.size(); ++i)
    if ((mask >> i & 1) != 0) f.*kTextFields[i] = get_text(in);
  if ((mask >> kLatBit & 1) != 0) f.lat = in.f64();
  if ((mask >> kLonBit & 1) != 0) f.lon = in.f64();
  if ((mask >> kStatusBit & 1) != 0)
    f.status = get_enum(in, registry::SiteStatus::kActive, registry::SiteStatus::kClosed);
  if ((mask >> kExternalBit & 1) == 0) return;
  const std::size_t n = get_count(in, limits::kExternalIdsMax);
  f.external_ids.emplace();
  f.external_ids->reserve(n);
  for (std::size_t i = 0; i < n && in.ok(); ++i) {
    const std::string_view system = get_text(in);
    f.external_ids->emplace_back(system, get_text(in));
  }
}

// --- site and product, which most operations begin with

unsigned flags_of(const registry::SiteRef& site, std::string_view product = registry::kAnyProduct) {
  return when(!site.id.empty(), kById) | when(product != registry::kAnyProduct, kProduct);
}
void put_site(Out& out, const registry::SiteRef& site) { put_text(out, site.id.empty() ? site.name : site.id); }
registry::SiteRef get_site(ByteReader& in, std::uint8_t flags) {
  const std::string_view text = get_text(in);
  if ((flags & kById) != 0 && text.empty()) in.fail();
  return (flags & kById) != 0 ? registry::SiteRef{text, {}} : registry::SiteRef{{}, text};
}
void put_product(Out& out, std::uint8_t flags, std::string_view product) {
  if ((flags & kProduct) != 0) put_text(out, product);
}
std::string_view get_product(ByteReader& in, std::uint8_t flags) {
  return (flags & kProduct) != 0 ? get_text(in) : registry::kAnyProduct;
}

// --- claims: the flags are written by the caller, so that a set has one flags byte less

std::uint8_t claim_flags(const registry::StockClaim& c) {
  return static_cast<std::uint8_t>(when(c.product != registry::kAnyProduct, kProduct) |
                                   when(c.valid_at.has_value(), kValidAt) | when(!c.source.empty(), kSource) |
                                   static_cast<unsigned>(c.availability.kind) << kKindShift);
}
void put_claim(Out& out, const registry::StockClaim& c) {
  const std::uint8_t flags = claim_flags(c);
  out.u8(flags);
  put_product(out, flags, c.product);
  if (c.availability.kind == Kind::kCount) out.varint(c.availability.count);
  if (c.valid_at) put_time(out, *c.valid_at);
  if (!c.source.empty()) put_text(out, c.source);
}
void get_claim(ByteReader& in, registry::StockClaim& c) {
  const std::uint8_t flags = get_flags(in, kClaimFlags);
  c.product = get_product(in, flags);
  c.availability = get_count_of(in, static_cast<Kind>(flags >> kKindShift));
  if ((flags & kValidAt) != 0) c.valid_at = get_time(in);
  if ((flags & kSource) != 0) c.source = get_text(in);
}

std::uint8_t byte(unsigned flags) { return static_cast<std::uint8_t>(flags); }

// --- the condition on the version: the usual one is one number; each condition has one form only

void put_version(Out& out, const registry::Precondition& condition) {
  if (condition.always()) return;
  if (const auto only = condition.only()) return out.varint(*only);
  out.u8(condition.names_refused_versions() ? 1 : 0);
  out.varint(condition.versions().size());
  for (const std::uint32_t version : condition.versions()) out.varint(version);
}
void get_version(ByteReader& in, std::uint8_t flags, registry::Precondition& condition) {
  if ((flags & kIfVersion) != 0 && (flags & kIfVersions) != 0) in.fail();
  if ((flags & kIfVersion) != 0) condition = get_u32(in);
  if ((flags & kIfVersions) == 0) return;
  const bool none_of = get_bool(in);
  std::array<std::uint32_t, registry::Precondition::kVersionsMax> versions{};
  const std::size_t n = get_count(in, versions.size());
  for (std::size_t i = 0; i < n && in.ok(); ++i) {
    versions[i] = get_u32(in);
    if (i > 0 && versions[i] <= versions[i - 1]) in.fail();
  }
  if (!in.ok()) return;
  const std::span list(versions.data(), n);
  condition = *(none_of ? registry::Precondition::none_of(list) : registry::Precondition::one_of(list));
  if (condition.always() || condition.only()) in.fail();
}
unsigned version_flag(const registry::Precondition& condition) {
  if (condition.always()) return 0;
  return condition.only() ? kIfVersion : kIfVersions;
}

// --- operations: put() and get() of each, in the order of their kinds

template <typename T>  // AddSite and ImportRow are alike
void put_whole_site(Out& out, const T& o) {
  out.u8(byte(when(!o.id.empty(), kHasId) | when(o.stock.has_value(), kHasStock)));
  if (!o.id.empty()) put_text(out, o.id);
  put_fields(out, o.fields);
  if (o.stock) put_claim(out, *o.stock);
}
template <typename T>
void get_whole_site(ByteReader& in, T& o) {
  const std::uint8_t flags = get_flags(in, kHasId | kHasStock);
  if ((flags & kHasId) != 0) o.id = get_text(in);
  get_fields(in, o.fields);
  if ((flags & kHasStock) != 0) get_claim(in, o.stock.emplace());
}

void put(Out& out, const registry::AddSite& o) { put_whole_site(out, o); }
void get(ByteReader& in, registry::AddSite& o) { get_whole_site(in, o); }

void put(Out& out, const registry::EditSite& o) {
  out.u8(byte(flags_of(o.site) | version_flag(o.if_version)));
  put_site(out, o.site);
  put_fields(out, o.fields);
  put_version(out, o.if_version);
}
void get(ByteReader& in, registry::EditSite& o) {
  const std::uint8_t flags = get_flags(in, kById | kIfVersion | kIfVersions);
  o.site = get_site(in, flags);
  get_fields(in, o.fields);
  get_version(in, flags, o.if_version);
}

void put(Out& out, const registry::CloseSite& o) {
  out.u8(byte(flags_of(o.site) | version_flag(o.if_version)));
  put_site(out, o.site);
  put_version(out, o.if_version);
}
void get(ByteReader& in, registry::CloseSite& o) {
  const std::uint8_t flags = get_flags(in, kById | kIfVersion | kIfVersions);
  o.site = get_site(in, flags);
  get_version(in, flags, o.if_version);
}

void put(Out& out, const registry::SetAvailability& o) {
  out.u8(byte(flags_of(o.site) | version_flag(o.if_version)));
  put_site(out, o.site);
  put_claim(out, o.claim);
  put_version(out, o.if_version);
}
void get(ByteReader& in, registry::SetAvailability& o) {
  const std::uint8_t flags = get_flags(in, kById | kIfVersion | kIfVersions);
  o.site = get_site(in, flags);
  get_claim(in, o.claim);
  get_version(in, flags, o.if_version);
}

void put(Out& out, const registry::Adjust& o) {
  const std::uint8_t flags = byte(flags_of(o.site, o.product) | version_flag(o.if_version));
  out.u8(flags);
  put_site(out, o.site);
  put_product(out, flags, o.product);
  put_signed(out, o.by);
  put_version(out, o.if_version);
}
void get(ByteReader& in, registry::Adjust& o) {
  const std::uint8_t flags = get_flags(in, kById | kProduct | kIfVersion | kIfVersions);
  o.site = get_site(in, flags);
  o.product = get_product(in, flags);
  o.by = get_signed(in);
  get_version(in, flags, o.if_version);
}

template <typename T>  // Reserve and Release are alike
void put_doses(Out& out, const T& o) {
  const std::uint8_t flags = byte(flags_of(o.site, o.product) | version_flag(o.if_version));
  out.u8(flags);
  put_site(out, o.site);
  put_product(out, flags, o.product);
  out.varint(o.doses);
  put_version(out, o.if_version);
}
template <typename T>
void get_doses(ByteReader& in, T& o) {
  const std::uint8_t flags = get_flags(in, kById | kProduct | kIfVersion | kIfVersions);
  o.site = get_site(in, flags);
  o.product = get_product(in, flags);
  o.doses = get_varint(in);
  get_version(in, flags, o.if_version);
}
void put(Out& out, const registry::Reserve& o) { put_doses(out, o); }
void get(ByteReader& in, registry::Reserve& o) { get_doses(in, o); }
void put(Out& out, const registry::Release& o) { put_doses(out, o); }
void get(ByteReader& in, registry::Release& o) { get_doses(in, o); }

void put(Out& out, const registry::Undo& o) { out.varint(o.event.value); }
void get(ByteReader& in, registry::Undo& o) { o.event = Position(get_varint(in)); }

void put(Out& out, const registry::ImportRow& o) { put_whole_site(out, o); }
void get(ByteReader& in, registry::ImportRow& o) { get_whole_site(in, o); }

void put(Out& out, const registry::Bulk& o) {
  out.varint(o.operations.size());
  for (const registry::Simple& simple : o.operations) {
    out.u8(byte(static_cast<unsigned>(simple.index()) + 1));
    std::visit([&out](const auto& s) { put(out, s); }, simple);
  }
}

void put(Out& out, const registry::CreateKey& o) {
  put_u64(out, o.id.value);
  out.raw(o.secret);
  put_text(out, o.owner);
  out.u8(static_cast<std::uint8_t>(o.role));
  out.varint(o.scope.size());
  for (const std::string_view part : o.scope) put_text(out, part);
  put_time(out, o.expires);
  out.varint(o.sites_max);
}
void get(ByteReader& in, registry::CreateKey& o) {
  o.id = registry::KeyId(in.u64());
  o.secret = get_hash(in);
  o.owner = get_text(in);
  o.role = get_enum(in, registry::Role::kReader, registry::Role::kOperator);
  const std::size_t n = get_count(in, limits::kKeyScopeMax);
  o.scope.reserve(n);
  for (std::size_t i = 0; i < n && in.ok(); ++i) o.scope.push_back(get_text(in));
  o.expires = get_time(in);
  o.sites_max = get_u32(in);
}

void put(Out& out, const registry::RevokeKey& o) { put_u64(out, o.id.value); }
void get(ByteReader& in, registry::RevokeKey& o) { o.id = registry::KeyId(in.u64()); }

void put(Out& out, const registry::SetWriteStop& o) { out.u8(o.stopped ? 1 : 0); }
void get(ByteReader& in, registry::SetWriteStop& o) { o.stopped = get_bool(in); }

// An operation of either variant, into place.
template <typename V, std::size_t i = 0>
void get_operation(ByteReader& in, std::uint8_t kind, V& out);

void get(ByteReader& in, registry::Bulk& o) {
  const std::size_t n = get_count(in, limits::kBulkOperationsMax);
  o.operations.reserve(n);
  for (std::size_t i = 0; i < n && in.ok(); ++i) {
    const std::uint8_t kind = in.u8();
    get_operation(in, kind, o.operations.emplace_back());
  }
}

template <typename V, std::size_t i>
void get_operation(ByteReader& in, std::uint8_t kind, V& out) {
  if constexpr (i == std::variant_size_v<V>) {
    in.fail();
  } else {
    if (kind == i + 1) return get(in, out.template emplace<i>());
    get_operation<V, i + 1>(in, kind, out);
  }
}

}  // namespace

void encode_request(Bytes& bytes, const registry::Request& r) {
  Out out(bytes);
  out.u8(byte(static_cast<unsigned>(r.operation.index()) + 1));
  out.u8(byte(when(!r.actor.empty(), kActor) | when(!r.reason.empty(), kReason) |
              when(!r.idempotency_key.empty(), kIdempotencyKey) | when(r.echo_site, kEchoSite) |
              when(r.key != registry::kNoKey, kWithKey)));
  if (r.key != registry::kNoKey) put_u64(out, r.key.value);
  if (!r.actor.empty()) put_text(out, r.actor);
  if (!r.reason.empty()) put_text(out, r.reason);
  if (!r.idempotency_key.empty()) put_text(out, r.idempotency_key);
  std::visit([&out](const auto& operation) { put(out, operation); }, r.operation);
}

Status decode_request(ByteView body, registry::Request& r) {
  ByteReader in(body);
  const std::uint8_t kind = in.u8();
  const std::uint8_t flags = get_flags(in, kRequestFlags);
  r.key = (flags & kWithKey) != 0 ? registry::KeyId(in.u64()) : registry::kNoKey;
  if ((flags & kWithKey) != 0 && r.key == registry::kNoKey) in.fail();
  r.actor = (flags & kActor) != 0 ? get_text(in) : std::string_view();
  r.reason = (flags & kReason) != 0 ? get_text(in) : std::string_view();
  r.idempotency_key = (flags & kIdempotencyKey) != 0 ? get_text(in) : std::string_view();
  r.echo_site = (flags & kEchoSite) != 0;
  get_operation(in, kind, r.operation);
  if (!in.done()) return malformed("request to the registry");
  return ok_status();
}

registry::KeyId request_key(ByteView body) {
  if (body.size() < kKeyAt + sizeof(std::uint64_t)) return registry::kNoKey;
  if ((std::to_integer<unsigned>(body[kFlagsAt]) & kWithKey) == 0) return registry::kNoKey;
  return registry::KeyId(ByteReader(body.subspan(kKeyAt)).u64());
}

std::size_t request_operations(ByteView body) {
  ByteReader in(body);
  if (in.u8() != kKind<registry::Bulk>) return 1;
  const std::uint8_t flags = get_flags(in, kRequestFlags);
  if ((flags & kWithKey) != 0) (void)in.u64();
  for (const std::uint8_t text : {kActor, kReason, kIdempotencyKey})
    if ((flags & text) != 0) (void)get_text(in);
  const std::size_t operations = get_count(in, limits::kBulkOperationsMax);
  return in.ok() ? 1 + operations : 1;
}

void set_request_key(Bytes& body, registry::KeyId key) {
  TITER_CHECK(body.size() >= kKeyAt, "a request has a kind and flags");
  if (key == registry::kNoKey || request_key(body) != registry::kNoKey) return;
  body[kFlagsAt] |= static_cast<std::byte>(kWithKey);
  std::array<std::byte, sizeof key.value> bytes;
  std::memcpy(bytes.data(), &key.value, sizeof key.value);
  body.insert(body.begin() + kKeyAt, bytes.begin(), bytes.end());
}

bool creates_key(ByteView body) {
  return !body.empty() && std::to_integer<std::uint8_t>(body.front()) == kKind<registry::CreateKey>;
}

Result<registry::Request> decode_request(ByteView body) {
  registry::Request r;
  if (Status s = decode_request(body, r); !s.ok()) return s.error();
  return r;
}

}  // namespace titer::wire
