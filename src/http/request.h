// SPDX-License-Identifier: Apache-2.0

// Request: one HTTP request, as a handler sees it.
//
// Texts are views into the connection's buffers; they live until the request has been answered. Path segments and
// parameters are decoded (%41, and + in parameters). Malformed requests never get here: they were answered with a
// 400.
// Thread rule: the worker's thread.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string_view>
#include <utility>
#include <vector>

#include "base/text.h"

namespace titer::http {

enum class Method : std::uint8_t { kGet, kHead, kPost, kPut, kPatch, kDelete, kOptions };
[[nodiscard]] std::string_view name(Method method);

struct Request {
  using Pair = std::pair<std::string_view, std::string_view>;

  Method method = Method::kGet;
  std::string_view target;                 // as it was sent
  std::string_view path;                   // of it, up to the '?', not decoded
  std::vector<std::string_view> segments;  // of the path, decoded
  std::vector<std::string_view> values;    // of the {parts} of its route, in order
  std::vector<Pair> parameters;            // after the '?', decoded, in order
  std::vector<Pair> headers;
  std::string_view body;        // whole, unless the route streams it
  bool loopback = false;        // the client is on this machine
  std::uint64_t address = 0;    // of the client, as a number to count by (net/ip.h)
  std::uint64_t principal = 0;  // on whose behalf, as the service numbers them; 0: nobody's

  // The first of that name, without regard to case; empty when there is none.
  [[nodiscard]] std::string_view header(std::string_view name) const {
    const auto it = std::find_if(headers.begin(), headers.end(),
                                 [&](const Pair& pair) { return same_ignoring_case(pair.first, name); });
    return it == headers.end() ? std::string_view() : it->second;
  }
  [[nodiscard]] bool has_header(std::string_view name) const {
    return std::ranges::any_of(headers, [&](const Pair& pair) { return same_ignoring_case(pair.first, name); });
  }
  [[nodiscard]] const std::string_view* parameter(std::string_view name) const {
    const auto it =
        std::find_if(parameters.begin(), parameters.end(), [&](const Pair& pair) { return pair.first == name; });
    return it == parameters.end() ? nullptr : &it->second;
  }
};

}  // namespace titer::http
