// SPDX-License-Identifier: Apache-2.0

// Texts as JSON strings, quotes included, for the places that write JSON straight into a text: building a tree of values
// first would cost more than all else there. (Trees, and everything that is read, are Boost.JSON's.)
//
// The result is valid JSON whatever the text is: bytes that are no UTF-8 become U+FFFD. Characters that would do something to a terminal
// (base/text.h, misleads) are escaped, because commands print JSON as it comes. Pure.
#pragma once

#include <string>
#include <string_view>

namespace titer {

// Appends it.
void print_json_string(std::string_view text, std::string& out);
[[nodiscard]] std::string json_string(std::string_view text);

}  // namespace titer
