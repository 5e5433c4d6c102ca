// SPDX-License-Identifier: Apache-2.0

#include "http/files.h"

#include <fmt/format.h>

#include <utility>

#include "base/bytes.h"
#include "base/hash.h"
#include "http/gzip.h"
#include "http/response.h"

namespace titer::http {

namespace {

std::string_view type_of(std::string_view name) {
  constexpr std::pair<std::string_view, std::string_view> kTypes[] = {
      {".html", kHtmlType},
      {".js", "text/javascript; charset=utf-8"},
      {".css", "text/css; charset=utf-8"},
      {".json", kJsonType},
      {".svg", "image/svg+xml"},
      {".png", "image/png"},
      {".ico", "image/x-icon"},
      {".webmanifest", "application/manifest+json"},
      {".txt", kTextType},
      {".woff2", "font/woff2"},
  };
  for (const auto& [ending, type] : kTypes)
    if (name.ends_with(ending)) return type;
  return "application/octet-stream";
}

}  // namespace

void Files::add(std::string_view name, std::string_view bytes) {
  File file;
  file.bytes = std::make_shared<const std::string>(bytes);
  std::string small = gzipped(bytes);
  if (small.size() < bytes.size() * 9 / 10) file.gzipped = std::make_shared<const std::string>(std::move(small));
  file.type = type_of(name);
  file.etag = fmt::format("\"{:016x}\"", hash64(as_bytes(bytes)));
  file.immutable = name.starts_with("assets/");
  by_name_.insert_or_assign(std::string(name), std::move(file));
}

const File* Files::find(std::string_view name) const {
  const auto it = by_name_.find(name.empty() ? std::string_view("index.html") : name);
  return it == by_name_.end() ? nullptr : &it->second;
}

}  // namespace titer::http
