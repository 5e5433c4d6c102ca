// SPDX-License-Identifier: Apache-2.0

// The target of a request ("/api/v1/sites/a%20b?zip=02139") into its decoded parts.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "http/request.h"

namespace titer::http {

// Sets path, segments and parameters of `request` from its target. Decoded texts go to the end of `memory`, which
// must have room for all of them (as much as the target is long): views into it must stay.
// Errors (kInvalid): no path, a broken %-sequence, a control character, not UTF-8, too many parts, a parameter twice.
[[nodiscard]] Status split_target(Request& request, std::string& memory);

// For what goes into a target: everything but letters, digits and -._~ as %XX.
void print_escaped(std::string_view text, std::string& out);

}  // namespace titer::http
