// SPDX-License-Identifier: Apache-2.0

// The head of an answer as bytes, and what the connection adds to every answer: length, date, position, CORS.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/ids.h"
#include "http/request.h"
#include "http/response.h"
#include "http/route.h"

namespace titer::http {

// What a worker knows once a turn, so that nobody asks the clock for it again.
struct Times {
  BootTime now;
  std::string date;         // "Sun, 06 Nov 1994 08:49:37 GMT"
  Position newest;          // the highest position that this worker has heard of
  std::string stream = {};  // to which positions belong: Titer-Stream; empty: it is not said
};
// "Sun, 06 Nov 1994 08:49:37 GMT"
[[nodiscard]] std::string http_date(WallTime t);

// For statistics: one request that has been answered.
struct Answered {
  std::size_t index = 0;         // of the route in the router's table
  const Route* route = nullptr;  // null: there was none
  unsigned status = 0;
  BootTime begun;         // its header was complete
  std::size_t bytes = 0;  // of the body, when its length was known
};

// How the bytes after the head end.
enum class Framing : std::uint8_t { kLength, kChunked, kClose };
struct HeadFacts {
  Framing framing = Framing::kLength;
  std::size_t length = 0;
  bool keep_alive = true;
  bool http_1_1 = true;
  bool secure = false;  // under TLS
};
void print_head(const Request& request, const Response& response, const HeadFacts& facts, const Times& times,
                std::string& out);

}  // namespace titer::http
