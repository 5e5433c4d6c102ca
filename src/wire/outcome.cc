// SPDX-License-Identifier: Apache-2.0

// Outcome: what every request is answered with. Kept per request for exactly-once, so it is packed tightly:
// an accepted set without refusal, echo or bulk takes about a dozen bytes and the site's id.

#include "wire/codec.h"
#include "wire/coding.h"

namespace titer::wire {
namespace {

using Kind = registry::Availability::Kind;

// First byte: what is true, and which parts follow (in this order, after the position).
enum : std::uint8_t {
  kChanged = 1,
  kCreated = 2,
  kRefused = 4,      // code, message
  kSite = 8,         // id, version
  kStock = 16,       // kinds (before | after << 2), the counts that they call for, version
  kFailedPart = 32,  // index
  kEcho = 64,        // name, ZIP
};
constexpr std::uint8_t kKnown = 127;

std::uint8_t flags_of(const registry::Outcome& o) {
  unsigned f = 0;
  if (o.changed) f |= kChanged;
  if (o.created) f |= kCreated;
  if (o.code != Code::kOk || !o.message.empty()) f |= kRefused;
  if (!o.site_id.empty() || o.site_version != 0) f |= kSite;
  if (o.has_stock) f |= kStock;
  if (o.failed_part != 0) f |= kFailedPart;
  if (!o.site_name.empty() || !o.site_zip.empty()) f |= kEcho;
  return static_cast<std::uint8_t>(f);
}

void put_stock(Out& out, const registry::Outcome& o) {
  const auto before = static_cast<unsigned>(o.before.kind);
  const auto after = static_cast<unsigned>(o.after.kind);
  out.u8(static_cast<std::uint8_t>(before | after << 2));
  if (o.before.kind == Kind::kCount) out.varint(o.before.count);
  if (o.after.kind == Kind::kCount) out.varint(o.after.count);
  out.varint(o.stock_version);
}

void get_stock(ByteReader& in, registry::Outcome& o) {
  const std::uint8_t kinds = get_flags(in, 15);
  o.has_stock = true;
  o.before = get_count_of(in, static_cast<Kind>(kinds & 3));
  o.after = get_count_of(in, static_cast<Kind>(kinds >> 2 & 3));
  o.stock_version = get_u32(in);
}

void clear(registry::Outcome& o) {  // the strings keep their memory
  o.code = Code::kOk;
  o.changed = o.created = o.has_stock = false;
  o.message.clear();
  o.site_id.clear();
  o.site_name.clear();
  o.site_zip.clear();
  o.position = Position();
  o.site_version = o.stock_version = o.failed_part = 0;
  o.before = o.after = {};
}

}  // namespace

void encode_outcome(Bytes& bytes, const registry::Outcome& o) {
  Out out(bytes);
  const std::uint8_t flags = flags_of(o);
  out.u8(flags);
  out.varint(o.position.value);
  if ((flags & kRefused) != 0) {
    out.u8(static_cast<std::uint8_t>(o.code));
    put_text(out, o.message);
  }
  if ((flags & kSite) != 0) {
    put_text(out, o.site_id);
    out.varint(o.site_version);
  }
  if ((flags & kStock) != 0) put_stock(out, o);
  if ((flags & kFailedPart) != 0) out.varint(o.failed_part);
  if ((flags & kEcho) != 0) {
    put_text(out, o.site_name);
    put_text(out, o.site_zip);
  }
}

Status decode_outcome(ByteView result, registry::Outcome& o) {
  clear(o);
  ByteReader in(result);
  const std::uint8_t flags = get_flags(in, kKnown);
  o.changed = (flags & kChanged) != 0;
  o.created = (flags & kCreated) != 0;
  o.position = Position(get_varint(in));
  if ((flags & kRefused) != 0) {
    o.code = get_code(in);
    o.message.assign(get_text(in));
  }
  if ((flags & kSite) != 0) {
    o.site_id.assign(get_text(in));
    o.site_version = get_u32(in);
  }
  if ((flags & kStock) != 0) get_stock(in, o);
  if ((flags & kFailedPart) != 0) o.failed_part = get_u32(in);
  if ((flags & kEcho) != 0) {
    o.site_name.assign(get_text(in));
    o.site_zip.assign(get_text(in));
  }
  if (!in.done()) return malformed("outcome");
  return ok_status();
}

}  // namespace titer::wire
