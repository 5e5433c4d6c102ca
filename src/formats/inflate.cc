// SPDX-License-Identifier: Apache-2.0

#include "formats/inflate.h"

#include <fmt/format.h>
#include <zlib.h>

#include <array>
#include <utility>

namespace titer::formats {

struct Inflater::Impl {
  Impl(Sink s, std::uint64_t most) : sink(std::move(s)), inflation_max(most) {}
  Sink sink;
  std::uint64_t inflation_max;
  z_stream stream{};
  bool open = false;                   // inflateInit succeeded
  bool between = true;                 // at the start, or between two members
  std::uint64_t taken = 0, given = 0;  // bytes, of all members
  bool past_end = false;               // what follows the last member is padding, not gzip: ignored as gzip -d does
  std::array<Bytef, std::size_t{64} << 10> block{};
};

namespace {
constexpr int kGzip = 16 + MAX_WBITS;
constexpr Bytef kMagic = 0x1F;
Error bomb(std::uint64_t inflation_max) {
  return {Code::kInvalid,
          fmt::format("the gzip data unpacks to more than {} times its size: send it as it is, without gzip",
                      inflation_max)};
}
Error damaged() { return {Code::kInvalid, "the gzip data is damaged; nothing after this point can be read"}; }
}  // namespace

Inflater::Inflater(Sink sink, std::uint64_t inflation_max)
    : impl_(std::make_unique<Impl>(std::move(sink), inflation_max)) {
  impl_->open = inflateInit2(&impl_->stream, kGzip) == Z_OK;
}
Inflater::~Inflater() {
  if (impl_->open) inflateEnd(&impl_->stream);
}

Status Inflater::feed(ByteView bytes) {
  Impl& z = *impl_;
  if (!z.open) return Error{Code::kInternal, "zlib could not be started (out of memory?)"};
  while (!bytes.empty() && !z.past_end) {
    // avail_in is 32 bits wide.
    const ByteView now = bytes.first(std::min(bytes.size(), std::size_t{1} << 30));
    bytes = bytes.subspan(now.size());
    z.stream.next_in = const_cast<Bytef*>(reinterpret_cast<const Bytef*>(now.data()));  // zlib only reads it
    z.stream.avail_in = static_cast<uInt>(now.size());
    bool full = false;  // zlib has more to give than the block held
    while ((z.stream.avail_in > 0 || full) && !z.past_end) {
      if (z.between && *z.stream.next_in != kMagic && z.stream.total_in > 0) {
        z.past_end = true;
        break;
      }
      z.between = false;
      z.stream.next_out = z.block.data();
      z.stream.avail_out = static_cast<uInt>(z.block.size());
      const int code = inflate(&z.stream, Z_NO_FLUSH);
      if (code != Z_OK && code != Z_STREAM_END && code != Z_BUF_ERROR) return damaged();
      const std::size_t made = z.block.size() - z.stream.avail_out;
      z.given += made;
      const std::uint64_t taken = z.taken + now.size() - z.stream.avail_in;
      if (z.given > kInflationFreeBytes && z.given / z.inflation_max > taken) return bomb(z.inflation_max);
      full = z.stream.avail_out == 0;
      if (made > 0) z.sink(std::as_bytes(std::span(z.block.data(), made)));
      if (code == Z_STREAM_END) {
        const uLong total = z.stream.total_in;
        if (inflateReset(&z.stream) != Z_OK) return damaged();
        z.stream.total_in = total;
        z.between = true;
        full = false;
      }
    }
    z.taken += now.size();
  }
  return ok_status();
}

Status Inflater::finish() {
  if (impl_->between && impl_->stream.total_in > 0) return ok_status();
  return Error{Code::kInvalid, "the gzip data ends in the middle: the file is cut short"};
}

}  // namespace titer::formats
