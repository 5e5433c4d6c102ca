// SPDX-License-Identifier: Apache-2.0

// Cursors: where the next page of a list begins, and the links to further pages. Pure.
// Errors: kInvalid for a text that is no cursor.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "http/request.h"

namespace titer::api {

// The last row of a page of sites: the next page begins after it, whatever was added or closed meanwhile. Clients
// must not look inside; it is "ID:NAME".
struct SiteCursor {
  std::string_view id, name;
};
void print_cursor(const SiteCursor& cursor, std::string& out);
// Views into `text`.
[[nodiscard]] Result<SiteCursor> read_cursor(std::string_view text);

// Appends "next":"…": the address of this request, with `name` set to `value`.
void print_next(const http::Request& request, std::string_view name, std::string_view value, std::string& out);

}  // namespace titer::api
