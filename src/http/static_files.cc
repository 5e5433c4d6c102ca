// SPDX-License-Identifier: Apache-2.0

#include "http/static_files.h"

#include <fmt/format.h>

#include "http/gzip.h"

namespace titer::http {

namespace {

// Everything the page needs comes from us; no script or style stands inside the page.
constexpr const char* kPolicy =
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'{}; manifest-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

}  // namespace

std::optional<Response> static_file(const Files& files, const Request& request, std::string_view connect_to) {
  if (request.method != Method::kGet && request.method != Method::kHead) return std::nullopt;
  const File* file = files.find(request.path.substr(1));
  if (file == nullptr) return std::nullopt;
  Response out;
  out.type = file->type;
  out.etag = file->etag;
  out.cache = file->immutable ? "public, max-age=31536000, immutable" : "no-cache";
  out.vary = true;
  out.shared = file->bytes;
  if (file->gzipped && accepts_gzip(request.header("accept-encoding"))) {
    out.shared = file->gzipped;
    out.encoding = "gzip";
  }
  out.headers.emplace_back("Content-Security-Policy", fmt::format(kPolicy, connect_to));
  out.headers.emplace_back("Referrer-Policy", "no-referrer");
  return out;
}

}  // namespace titer::http
