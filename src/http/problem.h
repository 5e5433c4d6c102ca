// SPDX-License-Identifier: Apache-2.0

// Problems: every error that HTTP clients see, as an RFC 9457 document with a code for programs and a sentence for
// people that says what to do.
//
//   {"type":"about:blank","title":"Conflict","status":409,"code":"not_enough","detail":"only 3 doses are left"}
//
// Codes are those of base/result.h, and the few below that only HTTP knows. 503 and 429 carry Retry-After.
#pragma once

#include <string_view>

#include "base/result.h"
#include "http/response.h"

namespace titer::http {

// The HTTP status that stands for a code.
[[nodiscard]] unsigned status_of(Code code);
[[nodiscard]] std::string_view title_of(unsigned status);

[[nodiscard]] Response problem(const Error& error);
// A 429 or 503, and when to try again.
[[nodiscard]] Response problem(const Error& error, unsigned retry_after_s);
// One that has no Code (method_not_allowed, not_acceptable, …), or one with more to say: `members` are appended to the
// object as they are, each with its comma in front: `,"current":3`.
[[nodiscard]] Response problem(unsigned status, std::string_view code, std::string_view detail,
                               std::string_view members = {});

}  // namespace titer::http
