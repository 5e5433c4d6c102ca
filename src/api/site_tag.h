// SPDX-License-Identifier: Apache-2.0

// ETags of sites and stock lines, and the conditions on versions that If-Match and If-None-Match make of them.
//
// A site's tag is "VERSION.POSITION.AGE": its version (what If-Match compares, so that a change of stock does not refuse an
// edit of the address), the position of its last change of any kind, and its age: how many steps its stock lines have gone from
// fresh to stale and expired, which time alone changes, and only upwards; and ".a" if it shows who did it, which only auditors
// and operators see. A stock line's tag is its version. Each tag ends with "-" and the last digits of the stream (changes.h): a
// cluster that was restored from a backup, or that resumed with a loss of writes, counts the same versions and positions again,
// for other contents. A condition may also be the bare version, as in the JSON.
#pragma once

#include <cstdint>
#include <string>

#include "base/ids.h"
#include "base/result.h"
#include "http/request.h"
#include "registry/precondition.h"
#include "registry/types.h"

namespace titer::api {

// As tags and names of files end with.
[[nodiscard]] std::string stream_digits(std::uint64_t stream);
[[nodiscard]] std::string site_tag(const registry::Site& site, WallTime now, std::uint64_t stream);
[[nodiscard]] std::string version_tag(std::uint32_t version, std::uint64_t stream);
[[nodiscard]] std::string position_tag(Position position, std::uint64_t stream);

// The conditions that If-Match and If-None-Match of a changing request set for the site or stock line in its address. A tag
// that is weak, of another kind or of another stream matches no version (RFC 9110, 13.1.1). kInvalid: a list that cannot be
// read, or more versions than a request may name.
enum class TagOf { kSite, kStockLine };
[[nodiscard]] Result<registry::Precondition> precondition_of(const http::Request& request, TagOf what,
                                                             std::uint64_t stream);

}  // namespace titer::api
