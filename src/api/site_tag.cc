// SPDX-License-Identifier: Apache-2.0

#include "api/site_tag.h"

#include <fmt/format.h>

#include "base/number.h"
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
  std::string_view rest = if_match.substr(1, if_match.size() - 2);
  const auto version = take_number<std::uint32_t>(rest);
  if (!version || (!rest.empty() && rest.front() != '.')) return not_ours;
  return version;
}

}  // namespace titer::api
