// SPDX-License-Identifier: Apache-2.0

// The few primitives that the codecs of this module are made of. Not for other modules: codec.h is the entrance.
//
// varint: 7 bits a byte, low ones first, the high bit says that more follow. Only the shortest form is
// accepted, so a value has one encoding. zigzag maps signed to unsigned so that small magnitudes stay short.
// text: varint length, bytes.
//
// Reading is total: a violated bound fails the ByteReader, whose error sticks, and the codec looks at done()
// once.
#pragma once

#include <bit>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>

#include "base/bytes.h"
#include "base/ids.h"
#include "base/limits.h"
#include "base/result.h"
#include "registry/keys.h"
#include "registry/types.h"

namespace titer::wire {

inline Error malformed(std::string_view what) { return {Code::kProtocol, "malformed " + std::string(what)}; }

inline std::uint64_t zigzag(std::int64_t v) {
  return (static_cast<std::uint64_t>(v) << 1) ^ static_cast<std::uint64_t>(v >> 63);
}
inline std::int64_t unzigzag(std::uint64_t v) { return static_cast<std::int64_t>((v >> 1) ^ (0 - (v & 1))); }

inline constexpr std::size_t kVarintBytesMax = 10;

inline std::size_t write_varint(std::byte* to, std::uint64_t v) {
  std::size_t n = 0;
  while (v >= 0x80) {
    to[n++] = static_cast<std::byte>(v | 0x80);
    v >>= 7;
  }
  to[n++] = static_cast<std::byte>(v);
  return n;
}

// Appends to a buffer like ByteWriter, for the bodies that are coded half a million times a second: it takes
// room in advance and gives back at the end what it did not use, so that a byte costs a compare and a store.
class Out {
 public:
  static constexpr std::size_t kRoom = 192;  // most requests and outcomes fit: one resize for all of it

  explicit Out(Bytes& out) : out_(out) { take(out.size(), kRoom); }
  ~Out() { out_.resize(used()); }
  Out(const Out&) = delete;
  Out& operator=(const Out&) = delete;

  void u8(std::uint8_t v) {
    need(1);
    *next_++ = static_cast<std::byte>(v);
  }
  void f64(double v) {
    need(sizeof v);
    std::memcpy(next_, &v, sizeof v);
    next_ += sizeof v;
  }
  void raw(ByteView bytes) {
    if (bytes.empty()) return;
    need(bytes.size());
    std::memcpy(next_, bytes.data(), bytes.size());
    next_ += bytes.size();
  }
  void varint(std::uint64_t v) {
    need(kVarintBytesMax);
    next_ += write_varint(next_, v);
  }

 private:
  [[nodiscard]] std::size_t used() const { return static_cast<std::size_t>(next_ - out_.data()); }
  void need(std::size_t n) {
    if (static_cast<std::size_t>(end_ - next_) < n) [[unlikely]]
      take(used(), n + kRoom);
  }
  void take(std::size_t at, std::size_t room) {
    out_.resize(at + room);
    next_ = out_.data() + at;
    end_ = out_.data() + at + room;
  }
  Bytes& out_;
  std::byte* next_ = nullptr;
  std::byte* end_ = nullptr;
};

// `bit` where the condition holds: flags bytes are sums of these.
inline constexpr unsigned when(bool condition, unsigned bit) { return condition ? bit : 0; }

// --- writing: the same words for both writers

inline void put_varint(Out& out, std::uint64_t v) { out.varint(v); }
inline void put_varint(ByteWriter& out, std::uint64_t v) {
  std::byte bytes[kVarintBytesMax];
  out.raw({bytes, write_varint(bytes, v)});
}
template <typename W>
void put_signed(W& out, std::int64_t v) {
  put_varint(out, zigzag(v));
}
template <typename W>
void put_text(W& out, std::string_view text) {
  put_varint(out, text.size());
  out.raw(as_bytes(text));
}
inline void put_u64(Out& out, std::uint64_t v) {
  std::byte bytes[sizeof v];
  std::memcpy(bytes, &v, sizeof v);
  out.raw(bytes);
}
template <typename W>
void put_time(W& out, WallTime t) {
  put_signed(out, t.value);
}
// The kind, and the count if it is one.
template <typename W>
void put_availability(W& out, registry::Availability a) {
  out.u8(static_cast<std::uint8_t>(a.kind));
  if (a.kind == registry::Availability::Kind::kCount) put_varint(out, a.count);
}
// A direct client's id has its top bit set; turned to the bottom, gateways still take one byte.
template <typename W>
void put_transmitter(W& out, TransmitterId x) {
  put_varint(out, std::rotl(x.value, 1));
}

// --- reading

inline std::uint64_t get_varint(ByteReader& in) {
  std::uint64_t v = in.u8();
  if (v < 0x80) [[likely]]
    return v;
  v &= 0x7F;
  for (unsigned shift = 7; shift < 64; shift += 7) {
    const std::uint64_t byte = in.u8();
    v |= (byte & 0x7F) << shift;
    if (byte >= 0x80) continue;
    const bool shortest = byte != 0;
    const bool fits = shift < 63 || byte <= 1;
    if (shortest && fits) return v;
    break;
  }
  in.fail();
  return 0;
}
// A varint that must not be above `max`.
inline std::uint64_t get_bounded(ByteReader& in, std::uint64_t max) {
  const std::uint64_t v = get_varint(in);
  if (v <= max) return v;
  in.fail();
  return 0;
}
// A number that only rises.
inline std::uint64_t get_counter(ByteReader& in) { return get_bounded(in, limits::kCounterMax); }
inline std::uint64_t get_fixed_counter(ByteReader& in) {  // eight bytes
  const std::uint64_t v = in.u64();
  if (v > limits::kCounterMax) in.fail();
  return v;
}
inline std::uint32_t get_u32(ByteReader& in) { return static_cast<std::uint32_t>(get_bounded(in, 0xFFFF'FFFF)); }
inline std::int64_t get_signed(ByteReader& in) { return unzigzag(get_varint(in)); }
inline std::string_view get_text(ByteReader& in) { return as_text(in.raw(get_varint(in))); }
inline WallTime get_time(ByteReader& in) { return WallTime(get_signed(in)); }

// A number of things that follow, each at least one byte long: what the rest cannot hold is refused, so that
// nobody reserves memory for a promise.
inline std::size_t get_count(ByteReader& in, std::size_t max) {
  const std::uint64_t n = get_bounded(in, max);
  if (n <= in.left()) return n;
  in.fail();
  return 0;
}
inline bool get_bool(ByteReader& in) {
  const std::uint8_t v = in.u8();
  if (v > 1) in.fail();
  return v == 1;
}
// A byte of which only the bits of `known` may be set.
inline std::uint8_t get_flags(ByteReader& in, std::uint8_t known) {
  const std::uint8_t v = in.u8();
  if ((v & ~known) != 0) in.fail();
  return v;
}
// Enums whose values are first … last without holes.
template <typename E>
E get_enum(ByteReader& in, E first, E last) {
  using U = std::underlying_type_t<E>;
  const std::uint8_t v = in.u8();
  if (v < static_cast<U>(first) || v > static_cast<U>(last)) {
    in.fail();
    return first;
  }
  return static_cast<E>(v);
}
inline registry::SecretHash get_hash(ByteReader& in) {
  registry::SecretHash hash{};
  const ByteView bytes = in.raw(hash.size());
  if (bytes.size() == hash.size()) std::memcpy(hash.data(), bytes.data(), hash.size());
  return hash;
}
inline Code get_code(ByteReader& in) { return get_enum(in, Code::kOk, kLastCode); }
inline registry::Availability get_count_of(ByteReader& in, registry::Availability::Kind kind) {
  if (kind != registry::Availability::Kind::kCount) return {kind, 0};
  return {kind, get_varint(in)};
}
inline registry::Availability get_availability(ByteReader& in) {
  using Kind = registry::Availability::Kind;
  return get_count_of(in, get_enum(in, Kind::kUnknown, Kind::kCount));
}
TransmitterId get_transmitter(ByteReader& in);  // a gateway's or a direct client's

}  // namespace titer::wire
