// SPDX-License-Identifier: Apache-2.0

// Reading and writing of little-endian bytes: the only place where integers meet bytes.
//
// ByteWriter appends to a caller's buffer, so that a whole turn's messages are built in one allocation.
// ByteReader walks a span that came from outside: nothing it can be given reads out of bounds. Its error is
// sticky: after the first short read every further read gives zero or empty, so decode straight through and
// look at ok() once at the end. Views it returns live as long as the span.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>
#include <vector>

namespace titer {

static_assert(std::endian::native == std::endian::little, "the wire is little-endian; swap here on other machines");

using Bytes = std::vector<std::byte>;
using ByteView = std::span<const std::byte>;

[[nodiscard]] inline ByteView as_bytes(std::string_view text) {
  return {reinterpret_cast<const std::byte*>(text.data()), text.size()};
}
[[nodiscard]] inline std::string_view as_text(ByteView bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

class ByteWriter {
 public:
  explicit ByteWriter(Bytes& out) : out_(out) {}

  void u8(std::uint8_t v) { out_.push_back(static_cast<std::byte>(v)); }
  void u16(std::uint16_t v) { integer(v); }
  void u32(std::uint32_t v) { integer(v); }
  void u64(std::uint64_t v) { integer(v); }
  void i64(std::int64_t v) { integer(static_cast<std::uint64_t>(v)); }
  void f64(double v) {
    std::uint64_t bits = 0;
    std::memcpy(&bits, &v, sizeof bits);
    integer(bits);
  }
  void raw(ByteView bytes) { out_.insert(out_.end(), bytes.begin(), bytes.end()); }
  // Length (u32) and bytes.
  void blob(ByteView bytes) {
    u32(static_cast<std::uint32_t>(bytes.size()));
    raw(bytes);
  }
  void text(std::string_view t) { blob(as_bytes(t)); }

  [[nodiscard]] std::size_t size() const { return out_.size(); }
  // Writes over four bytes written before, for a length or count known only at the end.
  void patch_u32(std::size_t at, std::uint32_t v) { std::memcpy(out_.data() + at, &v, sizeof v); }

 private:
  template <typename T>
  void integer(T v) {
    const std::size_t at = out_.size();
    out_.resize(at + sizeof v);
    std::memcpy(out_.data() + at, &v, sizeof v);
  }
  Bytes& out_;
};

class ByteReader {
 public:
  explicit ByteReader(ByteView in) : in_(in) {}

  std::uint8_t u8() { return integer<std::uint8_t>(); }
  std::uint16_t u16() { return integer<std::uint16_t>(); }
  std::uint32_t u32() { return integer<std::uint32_t>(); }
  std::uint64_t u64() { return integer<std::uint64_t>(); }
  std::int64_t i64() { return static_cast<std::int64_t>(integer<std::uint64_t>()); }
  double f64() {
    const std::uint64_t bits = integer<std::uint64_t>();
    double v = 0;
    std::memcpy(&v, &bits, sizeof v);
    return v;
  }
  ByteView raw(std::size_t n) {
    if (n > in_.size()) {
      fail();
      return {};
    }
    const ByteView out = in_.first(n);
    in_ = in_.subspan(n);
    return out;
  }
  ByteView blob() { return raw(u32()); }
  std::string_view text() { return as_text(blob()); }

  // No read was short so far.
  [[nodiscard]] bool ok() const { return ok_; }
  // ok and nothing left over: what a complete decode must end with.
  [[nodiscard]] bool done() const { return ok_ && in_.empty(); }
  [[nodiscard]] std::size_t left() const { return in_.size(); }
  void fail() {
    ok_ = false;
    in_ = {};
  }

 private:
  template <typename T>
  T integer() {
    T v{};
    const ByteView b = raw(sizeof v);
    if (b.size() == sizeof v) std::memcpy(&v, b.data(), sizeof v);
    return v;
  }
  ByteView in_;
  bool ok_ = true;
};

}  // namespace titer
