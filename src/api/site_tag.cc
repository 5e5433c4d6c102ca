// SPDX-License-Identifier: Apache-2.0

#include "api/site_tag.h"

#include <fmt/format.h>

#include <charconv>

#include "registry/state.h"

namespace titer::api {

std::string site_tag(const registry::Site& site, WallTime now) {
  unsigned age = 0;
  for (const registry::StockLine& line : site.stock)
    age = age * 2 + static_cast<unsigned>(registry::freshness(line, now));
  return fmt::format("\"{}.{}.{}\"", site.version, site.changed.value, age);
}

std::string version_tag(std::uint32_t version) { return fmt::format("\"{}\"", version); }

Result<std::optional<std::uint32_t>> version_wanted(std::string_view if_match) {
  if (if_match.empty() || if_match == "*") return std::optional<std::uint32_t>();
  const Error not_ours{Code::kInvalid, "If-Match takes one ETag as it was given, quotes included, or *"};
  if (if_match.starts_with("W/")) if_match.remove_prefix(2);
  if (if_match.size() < 3 || if_match.front() != '"' || if_match.back() != '"') return not_ours;
  const char* end = if_match.data() + if_match.size() - 1;
  std::uint32_t version = 0;
  const auto [rest, error] = std::from_chars(if_match.data() + 1, end, version);
  if (error != std::errc() || (rest != end && *rest != '.')) return not_ours;
  return std::optional(version);
}

}  // namespace titer::api
