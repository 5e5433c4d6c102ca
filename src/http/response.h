// SPDX-License-Identifier: Apache-2.0

// Response: one HTTP answer, as a handler makes it.
//
// Either `body` is all of it, or `shared` (bytes that many answers share and nobody copies), or `pull` makes it
// piece by piece: it is called when the socket has room, appends up to some kStreamPieceBytes, and says whether
// there is more. An answer that cannot continue now (kWait) is woken through Exchange::resume(). So the memory of a
// streamed answer is one piece, however long it is and however slowly it is read.
//
// Length, Date, keep-alive, CORS and compression are the connection's business.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/ids.h"

namespace titer::http {

inline constexpr std::string_view kJsonType = "application/json";
inline constexpr std::string_view kProblemType = "application/problem+json";
inline constexpr std::string_view kNdjsonType = "application/x-ndjson";
inline constexpr std::string_view kHtmlType = "text/html; charset=utf-8";
inline constexpr std::string_view kTextType = "text/plain; charset=utf-8";

// kCut: the rest cannot be made. The connection ends without the end of the body, so that nobody takes it for whole.
enum class Pull : std::uint8_t { kMore, kWait, kEnd, kCut };
// Appends to the text that it is given. kMore without having appended anything counts as kWait.
using Puller = std::function<Pull(std::string& out)>;

struct Response {
  unsigned status = 200;
  std::string_view type = kJsonType;  // of static storage
  std::string body;
  std::shared_ptr<const std::string> shared;
  Puller pull;
  std::string etag;                     // quotes included; empty: none
  std::string_view cache = "no-store";  // Cache-Control, of static storage; empty: none
  Position position;                    // Titer-Position; 0: not known
  std::string_view encoding;            // Content-Encoding when the body is encoded already; static storage
  bool vary = false;                    // another request may get another encoding of it
  bool close = false;                   // the connection ends after it
  std::vector<std::pair<std::string_view, std::string>> headers;  // the rarer ones; names of static storage
};

}  // namespace titer::http
