// SPDX-License-Identifier: Apache-2.0

// Questions to the registry as bodies: kind, then the question's fields in their order.

#include "base/limits.h"
#include "wire/codec.h"
#include "wire/coding.h"

namespace titer::wire {
namespace {

static_assert(std::is_same_v<std::variant_alternative_t<0, registry::Query>, registry::ListSites>);
static_assert(std::is_same_v<std::variant_alternative_t<6, registry::Query>, registry::Info>);
static_assert(std::is_same_v<std::variant_alternative_t<10, registry::Query>, registry::GetSwitch>);

// Of a filter.
enum : std::uint8_t {
  kAvailableOnly = 1,
  kWithClosed = 2,
  kUpdatedSince = 4,
  kClaimedSince = 8,
  kMoreProducts = 16,
  kExplain = 32  // of the question, but it has no flags of its own
};
constexpr std::uint8_t kFilterFlags =
    kAvailableOnly | kWithClosed | kUpdatedSince | kClaimedSince | kMoreProducts | kExplain;
enum : std::uint8_t { kNoSite = 0, kSiteById = 1, kSiteByName = 2 };

void put_filter(Out& out, const registry::SiteFilter& f, bool explain) {
  out.u8(static_cast<std::uint8_t>(when(f.available_only, kAvailableOnly) | when(f.with_closed, kWithClosed) |
                                   when(f.updated_since.has_value(), kUpdatedSince) |
                                   when(f.claimed_since != WallTime(), kClaimedSince) |
                                   when(f.products.size() > 1, kMoreProducts) | when(explain, kExplain)));
  put_text(out, f.zip);
  put_text(out, f.state);
  put_text(out, f.products.empty() ? std::string_view() : f.products.front());
  put_text(out, f.text);
  if (f.updated_since) put_time(out, *f.updated_since);
  if (f.claimed_since != WallTime()) put_time(out, f.claimed_since);
  if (f.products.size() <= 1) return;
  out.varint(f.products.size() - 1);
  for (std::size_t i = 1; i < f.products.size(); ++i) put_text(out, f.products[i]);
}
registry::SiteFilter get_filter(ByteReader& in, bool& explain) {
  registry::SiteFilter f;
  const std::uint8_t flags = get_flags(in, kFilterFlags);
  explain = (flags & kExplain) != 0;
  f.available_only = (flags & kAvailableOnly) != 0;
  f.with_closed = (flags & kWithClosed) != 0;
  f.zip = get_text(in);
  f.state = get_text(in);
  if (const std::string_view first = get_text(in); !first.empty()) f.products.push_back(first);
  f.text = get_text(in);
  if ((flags & kUpdatedSince) != 0) f.updated_since = get_time(in);
  if ((flags & kClaimedSince) != 0) f.claimed_since = get_time(in);
  if ((flags & kMoreProducts) == 0) return f;
  if (f.products.empty()) in.fail();
  for (std::size_t n = get_count(in, limits::kFilterProductsMax - 1); n > 0 && in.ok(); --n)
    f.products.push_back(get_text(in));
  return f;
}

void put_site(Out& out, const std::optional<registry::SiteRef>& site) {
  if (!site) return out.u8(kNoSite);
  out.u8(site->id.empty() ? kSiteByName : kSiteById);
  put_text(out, site->id.empty() ? site->name : site->id);
}
std::optional<registry::SiteRef> get_site(ByteReader& in) {
  const std::uint8_t how = in.u8();
  if (how == kNoSite) return std::nullopt;
  const std::string_view text = get_text(in);
  if (how > kSiteByName || (how == kSiteById && text.empty())) in.fail();
  return how == kSiteById ? registry::SiteRef{text, {}} : registry::SiteRef{{}, text};
}

void put(Out& out, const registry::ListSites& q) {
  put_filter(out, q.filter, q.explain);
  put_text(out, q.after_name);
  put_text(out, q.after_id);
  out.varint(q.limit);
}
void get(ByteReader& in, registry::ListSites& q) {
  q.filter = get_filter(in, q.explain);
  q.after_name = get_text(in);
  q.after_id = get_text(in);
  q.limit = get_u32(in);
}

void put(Out& out, const registry::GetSite& q) { put_site(out, q.site); }
void get(ByteReader& in, registry::GetSite& q) {
  const std::optional<registry::SiteRef> site = get_site(in);
  if (!site) return in.fail();
  q.site = *site;
}

void put(Out& out, const registry::Near& q) {
  put_text(out, q.zip);
  out.f64(q.lat);
  out.f64(q.lon);
  out.f64(q.within_m);
  put_filter(out, q.filter, q.explain);
  out.varint(q.limit);
}
void get(ByteReader& in, registry::Near& q) {
  q.zip = get_text(in);
  q.lat = in.f64();
  q.lon = in.f64();
  q.within_m = in.f64();
  q.filter = get_filter(in, q.explain);
  q.limit = get_u32(in);
}

void put(Out& out, const registry::History& q) {
  put_site(out, q.site);
  out.varint(q.before.value);
  out.varint(q.limit);
  out.u8(static_cast<std::uint8_t>(q.of));
}
void get(ByteReader& in, registry::History& q) {
  q.site = get_site(in);
  q.before = Position(get_varint(in));
  q.limit = get_u32(in);
  q.of = get_enum(in, registry::History::Of::kEverything, registry::History::Of::kAccess);
}

void put(Out& out, const registry::Changes& q) {
  out.varint(q.since.value);
  out.varint(q.limit);
}
void get(ByteReader& in, registry::Changes& q) {
  q.since = Position(get_varint(in));
  q.limit = get_u32(in);
}

void put(Out& out, const registry::ChangedSites& q) { out.varint(q.since.value); }
void get(ByteReader& in, registry::ChangedSites& q) { q.since = Position(get_varint(in)); }

void put(Out&, const registry::Info&) {}
void get(ByteReader&, registry::Info&) {}

void put(Out& out, const registry::ListKeys& q) {
  put_u64(out, q.after.value);
  out.varint(q.limit);
}
void get(ByteReader& in, registry::ListKeys& q) {
  q.after = registry::KeyId(in.u64());
  q.limit = get_u32(in);
}

void put(Out& out, const registry::CheckKey& q) {
  put_u64(out, q.id.value);
  out.raw(q.secret);
}
void get(ByteReader& in, registry::CheckKey& q) {
  q.id = registry::KeyId(in.u64());
  q.secret = get_hash(in);
}

void put(Out& out, const registry::CheckAct& q) {
  put_u64(out, q.id.value);
  out.u8(static_cast<std::uint8_t>(q.act));
}
void get(ByteReader& in, registry::CheckAct& q) {
  q.id = registry::KeyId(in.u64());
  q.act = get_enum(in, registry::Act::kRead, registry::Act::kDirect);
}

void put(Out&, const registry::GetSwitch&) {}
void get(ByteReader&, registry::GetSwitch&) {}

template <std::size_t i = 0>
void get_query(ByteReader& in, std::uint8_t kind, registry::Query& out) {
  if constexpr (i == std::variant_size_v<registry::Query>) {
    in.fail();
  } else {
    if (kind == i + 1) return get(in, out.emplace<i>());
    get_query<i + 1>(in, kind, out);
  }
}

}  // namespace

void encode_query(Bytes& bytes, const registry::Query& query) {
  Out out(bytes);
  out.u8(static_cast<std::uint8_t>(query.index() + 1));
  std::visit([&out](const auto& q) { put(out, q); }, query);
}

Result<registry::Query> decode_query(ByteView body) {
  ByteReader in(body);
  registry::Query query;
  const std::uint8_t kind = in.u8();
  get_query(in, kind, query);
  if (!in.done()) return malformed("query");
  return query;
}

}  // namespace titer::wire
