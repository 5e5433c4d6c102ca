// SPDX-License-Identifier: Apache-2.0

#include "http/entity_tag.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"

namespace titer::http {

namespace {

constexpr std::string_view kGzipMark = ".gz";

bool may_be_in_a_tag(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return byte == 0x21 || (byte >= 0x23 && byte != 0x7F);
}

// One field's value; false: it is no list of tags.
bool read_list(std::string_view text, EntityTags& out) {
  if (trim(text) == "*") return out.any = true;
  bool comma = true;  // before the next tag
  while (true) {
    const std::size_t begin = std::min(text.find_first_not_of(" \t,"), text.size());
    comma = comma || text.substr(0, begin).find(',') != std::string_view::npos;
    text.remove_prefix(begin);
    if (text.empty()) return true;
    if (!comma) return false;
    comma = false;
    EntityTag tag;
    tag.weak = text.starts_with("W/");
    if (tag.weak) text.remove_prefix(2);
    if (!text.starts_with('"')) return false;
    const auto end = std::find_if_not(text.begin() + 1, text.end(), may_be_in_a_tag);
    if (end == text.end() || *end != '"') return false;
    tag.text = text.substr(0, static_cast<std::size_t>(end - text.begin()) + 1);
    text.remove_prefix(tag.text.size());
    out.list.push_back(tag);
  }
}

}  // namespace

Result<std::optional<EntityTags>> entity_tags(const Request& request, std::string_view field) {
  std::optional<EntityTags> out;
  bool legal = true;
  for (const auto& [name, value] : request.headers) {
    if (!same_ignoring_case(name, field)) continue;
    if (!out) out.emplace();
    legal = read_list(value, *out) && legal;
  }
  if (out && (!legal || out->any == !out->list.empty()))
    return Error{
        Code::kInvalid,
        fmt::format("{} takes ETags as they were given, quotes included, with commas between, or *", field)};
  return out;
}

std::string gzip_tag(std::string_view etag) {
  return fmt::format("{}{}\"", etag.substr(0, etag.size() - 1), kGzipMark);
}

std::string_view without_gzip_mark(std::string_view unquoted) {
  if (unquoted.ends_with(kGzipMark)) unquoted.remove_suffix(kGzipMark.size());
  return unquoted;
}

ReadCondition read_condition(const Request& request, std::string_view etag) {
  const auto match = entity_tags(request, "if-match");
  const auto same = [etag](const EntityTag& tag) { return tag.text == etag; };
  if (!match) return ReadCondition::kFailed;
  if (*match && !(*match)->any &&
      std::ranges::none_of((*match)->list, [&](const EntityTag& tag) { return !tag.weak && same(tag); }))
    return ReadCondition::kFailed;
  const auto none = entity_tags(request, "if-none-match");
  if (!none || !*none || etag.empty()) return ReadCondition::kServe;
  return (*none)->any || std::ranges::any_of((*none)->list, same) ? ReadCondition::kNotModified
                                                                  : ReadCondition::kServe;
}

}  // namespace titer::http
