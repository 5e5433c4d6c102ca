// SPDX-License-Identifier: Apache-2.0

#include "api/origin.h"

#include <algorithm>
#include <boost/asio/ip/address.hpp>
#include <string>

#include "base/text.h"

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

// "clinic.example:8080" -> "clinic.example", "[::1]:8080" -> "::1"
std::string_view host_of(std::string_view place) {
  if (place.starts_with('[')) return place.substr(1, place.find(']') - 1);
  return place.substr(0, place.find(':'));
}

bool is_address(std::string_view host) {
  boost::system::error_code error;
  (void)boost::asio::ip::make_address(std::string(host), error);
  return !error;
}

bool is_ours(std::string_view host, const OurNames& ours) {
  if (ours.tls || is_address(host) || same_ignoring_case(host, "localhost")) return true;
  const auto same = [host](std::string_view name) { return same_ignoring_case(host, name); };
  return std::any_of(ours.hosts.begin(), ours.hosts.end(), same) ||
         std::any_of(ours.peers.begin(), ours.peers.end(),
                     [&](const Peer& peer) { return same(host_of(place_of(peer.url))); });
}

}  // namespace

bool may_write(const http::Request& request, const OurNames& ours) {
  const std::string_view origin = request.header("origin");
  if (origin.empty()) return true;
  const std::string place = place_of(origin);
  if (place == place_of(request.header("host"))) return is_ours(host_of(place), ours);
  return std::any_of(ours.peers.begin(), ours.peers.end(),
                     [&](const Peer& peer) { return place_of(peer.url) == place; });
}

bool may_read_what_is_ours(const http::Request& request, const OurNames& ours) {
  const std::string place = place_of(request.header("host"));
  return is_ours(host_of(place), ours) && may_write(request, ours);
}

}  // namespace titer::api
