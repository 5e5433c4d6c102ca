// SPDX-License-Identifier: Apache-2.0

// For tests and the fuzz target: the bytes of one request through HeadParser, cut as a network may cut them.
#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "http/head_parser.h"
#include "http/limits.h"

namespace titer::http {

struct Parse {
  // In pieces of these sizes, then the rest.
  explicit Parse(std::string_view bytes, const std::vector<std::size_t>& sizes = {}) {
    std::size_t end = 0, begin = 0, piece = 0;
    while (!parser.done() && !parser.refused()) {
      if (end == bytes.size() && begin == seen) break;
      seen = begin;
      end = std::min(bytes.size(), end + (piece < sizes.size() ? sizes[piece++] : bytes.size()));
      for (std::size_t taken = 1; taken > 0 && begin < end && !parser.done() && !parser.refused(); begin += taken) {
        taken = parser.put(bytes.substr(begin, end - begin));
        if (parser.header_done() && !limited) {
          parser.limit_body(limits::kBodyBytesMax);
          limited = true;
        }
      }
    }
  }
  RequestMemory memory;
  Request request;
  HeadParser parser{memory, request};
  std::size_t seen = SIZE_MAX;
  bool limited = false;
};

inline std::string shown(const Parse& p) {
  std::string out = fmt::format("{} {} {}", name(p.request.method), p.request.target, p.memory.body);
  for (const auto& [key, value] : p.request.headers) out += fmt::format("|{}={}", key, value);
  for (const auto& part : p.request.segments) out += fmt::format("/{}", part);
  for (const auto& [key, value] : p.request.parameters) out += fmt::format("&{}={}", key, value);
  return out;
}

}  // namespace titer::http
