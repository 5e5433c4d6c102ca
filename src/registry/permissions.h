// SPDX-License-Identifier: Apache-2.0

// Permissions: the one table of what each role may do. Roles and classes of operations (Act) are in keys.h. Requests are
// judged by it in apply(), in their order, so a revocation and an expiry are exact; questions by the replica that answers
// them. Pure.
//
// docs/how-to/security.md shows this table; `titer key roles --markdown` prints it and a test compares.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "registry/keys.h"
#include "registry/request.h"

namespace titer::registry {

enum class Grant : std::uint8_t { kNo, kOwn, kAll };  // kOwn: within the key's scope

[[nodiscard]] Grant grant(Role role, Act act);
// What anybody may once there are keys: look.
[[nodiscard]] constexpr bool is_public(Act act) { return act == Act::kRead; }

[[nodiscard]] std::string_view name(Act act);  // "read", "stock", … as in the interfaces
[[nodiscard]] std::optional<Role> parse_role(std::string_view text);

// What a request does. The parts of a bulk are judged each for itself; as a whole it is what every role that writes may.
[[nodiscard]] Act act_of(const Operation& operation);
[[nodiscard]] Act act_of(const Simple& operation);

// The table as Markdown, for people.
[[nodiscard]] std::string roles_markdown();

}  // namespace titer::registry
