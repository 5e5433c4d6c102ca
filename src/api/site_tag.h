// SPDX-License-Identifier: Apache-2.0

// ETags of sites and stock lines, and the conditions on versions that If-Match and If-None-Match make of them.
//
// A site's tag is "VERSION.POSITION.AGE": its version (what If-Match compares, so that a change of stock does not
// refuse an edit of the address), the position of its last change of any kind, and its age: how many steps its
// stock lines have gone from fresh to stale and expired, which time alone changes, and only upwards. A stock line's tag is its version.
#pragma once

#include <cstdint>
#include <string>

#include "base/ids.h"
#include "base/result.h"
#include "http/request.h"
#include "registry/precondition.h"
#include "registry/types.h"

namespace titer::api {

[[nodiscard]] std::string site_tag(const registry::Site& site, WallTime now);
[[nodiscard]] std::string version_tag(std::uint32_t version);

// What If-Match and If-None-Match of a request that changes something ask of the site or stock line in its address. A tag
// that is weak, or of another kind, is that of no version (RFC 9110, 13.1.1). kInvalid: a list that cannot be read, or more
// versions than a request may name.
enum class TagOf { kSite, kStockLine };
[[nodiscard]] Result<registry::Precondition> precondition_of(const http::Request& request, TagOf what);

}  // namespace titer::api
