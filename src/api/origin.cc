// SPDX-License-Identifier: Apache-2.0

#include "api/origin.h"

#include <algorithm>
#include <string>

namespace titer::api {

namespace {

// "http://localhost:8081" -> "127.0.0.1:8081": two names of one place.
std::string place_of(std::string_view origin) {
  if (const std::size_t slashes = origin.find("//"); slashes != std::string_view::npos)
    origin.remove_prefix(slashes + 2);
  constexpr std::string_view kLocal = "localhost:";
  if (origin.starts_with(kLocal)) return "127.0.0.1:" + std::string(origin.substr(kLocal.size()));
  return std::string(origin);
}

}  // namespace

bool may_write(const http::Request& request, const std::vector<Peer>& peers) {
  const std::string_view origin = request.header("origin");
  if (origin.empty()) return true;
  const std::string place = place_of(origin);
  if (place == place_of(request.header("host"))) return true;
  return std::any_of(peers.begin(), peers.end(), [&](const Peer& peer) { return place_of(peer.url) == place; });
}

}  // namespace titer::api
