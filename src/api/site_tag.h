// SPDX-License-Identifier: Apache-2.0

// ETags of sites and stock lines, and the versions that If-Match takes out of them.
//
// A site's tag is "VERSION.POSITION.AGE": its version (what If-Match compares, so that a change of stock does not
// refuse an edit of the address), the position of its last change of any kind, and how many of its stock lines are
// stale or expired, which time alone changes. A stock line's tag is its version.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/ids.h"
#include "base/result.h"
#include "registry/types.h"

namespace titer::api {

[[nodiscard]] std::string site_tag(const registry::Site& site, WallTime now);
[[nodiscard]] std::string version_tag(std::uint32_t version);

// The version in If-Match; nullopt: there is no such header, or it is "*". kInvalid: it is no tag of ours.
[[nodiscard]] Result<std::optional<std::uint32_t>> version_wanted(std::string_view if_match);

}  // namespace titer::api
