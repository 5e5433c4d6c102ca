// SPDX-License-Identifier: Apache-2.0

#include "http/gzip.h"

#include <algorithm>

#include "base/check.h"
#include "base/text.h"

namespace titer::http {

namespace {

constexpr int kLevel = 4;             // JSON becomes about a sixth; higher levels cost twice for little
constexpr int kGzipWindow = 15 + 16;  // zlib's way to say "gzip, 32 KiB"
constexpr int kMemory = 8;

}  // namespace

bool accepts_gzip(std::string_view accept) {
  while (!accept.empty()) {
    const std::string_view one = accept.substr(0, accept.find(','));
    accept.remove_prefix(std::min(accept.size(), one.size() + 1));
    const std::size_t semicolon = one.find(';');
    if (trim(one.substr(0, semicolon)) != "gzip") continue;
    if (semicolon == std::string_view::npos) return true;
    const std::string_view weight = trim(one.substr(semicolon + 1));
    return weight.find_first_of("123456789") != std::string_view::npos;
  }
  return false;
}

void Gzip::End::operator()(z_stream* stream) const {
  deflateEnd(stream);
  delete stream;  // NOLINT(cppcoreguidelines-owning-memory): it is the unique_ptr's
}

Gzip::Gzip() : stream_(new z_stream{}) {
  const int made = deflateInit2(stream_.get(), kLevel, Z_DEFLATED, kGzipWindow, kMemory, Z_DEFAULT_STRATEGY);
  TITER_CHECK(made == Z_OK, "zlib gives no stream");
}

void Gzip::add(std::string_view piece, Then then, std::string& out) {
  const int flush = then == Then::kEnd ? Z_FINISH : then == Then::kFlush ? Z_SYNC_FLUSH : Z_NO_FLUSH;
  // zlib does not write to what it reads.
  stream_->next_in = reinterpret_cast<Bytef*>(const_cast<char*>(piece.data()));  // NOLINT
  stream_->avail_in = static_cast<uInt>(piece.size());
  do {
    constexpr std::size_t kRoom = std::size_t{16} << 10;
    const std::size_t before = out.size();
    out.resize(before + kRoom);
    stream_->next_out = reinterpret_cast<Bytef*>(out.data() + before);
    stream_->avail_out = static_cast<uInt>(kRoom);
    deflate(stream_.get(), flush);
    out.erase(out.size() - stream_->avail_out);
  } while (stream_->avail_out == 0);
}

std::string gzipped(std::string_view text) {
  std::string out;
  Gzip().add(text, Gzip::Then::kEnd, out);
  return out;
}

}  // namespace titer::http
