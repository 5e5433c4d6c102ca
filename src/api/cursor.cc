// SPDX-License-Identifier: Apache-2.0

#include "api/cursor.h"

#include "base/json_string.h"
#include "http/target.h"

namespace titer::api {

void print_cursor(const SiteCursor& cursor, std::string& out) {
  out.append(cursor.id).append(":").append(cursor.name);
}

Result<SiteCursor> read_cursor(std::string_view text) {
  const std::size_t colon = text.find(':');
  if (colon == std::string_view::npos || colon == 0)
    return Error{Code::kInvalid, "this cursor is not one of this server; follow links.next unchanged"};
  return SiteCursor{text.substr(0, colon), text.substr(colon + 1)};
}

void print_next(const http::Request& request, std::string_view name, std::string_view value, std::string& out) {
  std::string address(request.path);
  address += '?';
  for (const auto& [key, text] : request.parameters) {
    if (key == name) continue;
    address.append(key).append("=");
    http::print_escaped(text, address);
    address += '&';
  }
  address.append(name).append("=");
  http::print_escaped(value, address);
  out += "\"next\":";
  print_json_string(address, out);
}

}  // namespace titer::api
