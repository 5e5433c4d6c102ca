// SPDX-License-Identifier: Apache-2.0

// Entity tags: the lists in If-Match and If-None-Match (RFC 9110, sections 8.8.3 and 13.1), and what a read's conditions say.
//
// A tag that we give is strong: it stands for these very bytes. So the gzip form of an answer has a tag of its own,
// `"17.gz"` beside `"17"`; the cache in front of us may keep both.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "http/request.h"

namespace titer::http {

struct EntityTag {
  bool weak = false;
  std::string_view text;  // quotes included; a view into the request
};
struct EntityTags {
  bool any = false;  // "*"
  std::vector<EntityTag> list;
};

// All header fields of that name as one list; nullopt: there are none. kInvalid: it is no list of tags, nor *.
[[nodiscard]] Result<std::optional<EntityTags>> entity_tags(const Request& request, std::string_view field);

// The tag of the gzip form.
[[nodiscard]] std::string gzip_tag(std::string_view etag);
// `text` without the mark of the gzip form: `"17"` of both.
[[nodiscard]] std::string_view without_gzip_mark(std::string_view unquoted);

// Of a GET or HEAD that would be answered with `etag` (empty: no tag): serve it, 304, or 412. A list that cannot be read
// names nothing.
enum class ReadCondition { kServe, kNotModified, kFailed };
[[nodiscard]] ReadCondition read_condition(const Request& request, std::string_view etag);

}  // namespace titer::http
