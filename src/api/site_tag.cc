// SPDX-License-Identifier: Apache-2.0

#include "api/site_tag.h"

#include <fmt/format.h>

#include <vector>

#include "base/hex.h"
#include "base/number.h"
#include "http/entity_tag.h"
#include "registry/state.h"

namespace titer::api {

namespace {

constexpr std::size_t kStreamDigits = 8;

// The version in `"7"`, or for a site also in `"7.17.0"`, each with or without its stream; nullopt: it is no tag of such a
// thing here.
std::optional<std::uint32_t> version_in(std::string_view tag, TagOf what, std::string_view stream) {
  tag = http::without_gzip_mark(tag.substr(1, tag.size() - 2));
  if (const std::size_t dash = tag.find('-'); dash != std::string_view::npos) {
    if (tag.substr(dash + 1) != stream) return std::nullopt;
    tag = tag.substr(0, dash);
  }
  const auto version = take_number<std::uint32_t>(tag);
  if (!version || *version == 0 || (!tag.empty() && (what == TagOf::kStockLine || tag.front() != '.')))
    return std::nullopt;
  return version;
}

// Every version that is named; weak tags name none when `strongly`.
std::vector<std::uint32_t> versions_in(const http::EntityTags& tags, TagOf what, std::string_view stream,
                                       bool strongly) {
  std::vector<std::uint32_t> out;
  for (const http::EntityTag& tag : tags.list)
    if (const auto version = version_in(tag.text, what, stream); version && !(strongly && tag.weak))
      out.push_back(*version);
  return out;
}

}  // namespace

std::string stream_digits(std::uint64_t stream) { return hex64(stream).substr(kHex64Digits - kStreamDigits); }

std::string site_tag(const registry::Site& site, WallTime now, std::uint64_t stream) {
  unsigned age = 0;
  bool audited = !site.created_by.empty() || !site.updated_by.empty();
  for (const registry::StockLine& line : site.stock) {
    age += static_cast<unsigned>(registry::freshness(line, now));
    audited = audited || !line.updated_by.empty();
  }
  return fmt::format("\"{}.{}.{}{}-{}\"", site.version, site.changed.value, age, audited ? ".a" : "",
                     stream_digits(stream));
}

std::string version_tag(std::uint32_t version, std::uint64_t stream) {
  return fmt::format("\"{}-{}\"", version, stream_digits(stream));
}

std::string position_tag(Position position, std::uint64_t stream) {
  return fmt::format("\"{}-{}\"", position.value, stream_digits(stream));
}

Result<registry::Precondition> precondition_of(const http::Request& request, TagOf what, std::uint64_t stream) {
  using registry::Precondition;
  const auto match = http::entity_tags(request, "if-match");
  if (!match) return match.error();
  const auto none_match = http::entity_tags(request, "if-none-match");
  if (!none_match) return none_match.error();
  const std::string digits = stream_digits(stream);
  std::optional<Precondition> match_says = Precondition(), none_match_says = Precondition();
  if (*match)
    match_says =
        (*match)->any ? Precondition::exists() : Precondition::one_of(versions_in(**match, what, digits, true));
  if (*none_match)
    none_match_says = (*none_match)->any ? Precondition(0U)
                                         : Precondition::none_of(versions_in(**none_match, what, digits, false));
  const auto both =
      match_says && none_match_says ? Precondition::both(*match_says, *none_match_says) : std::nullopt;
  if (both) return *both;
  return Error{Code::kInvalid,
               fmt::format("If-Match and If-None-Match name at most {} versions", Precondition::kVersionsMax)};
}

}  // namespace titer::api
