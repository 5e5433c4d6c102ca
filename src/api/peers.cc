// SPDX-License-Identifier: Apache-2.0

#include "api/peers.h"

#include <fmt/format.h>

#include <string_view>
#include <utility>

namespace titer::api {

namespace {

bool is_url(std::string_view url) {
  constexpr std::string_view kLegal = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789.-:[]/";
  return (url.starts_with("http://") || url.starts_with("https://")) &&
         url.find_first_not_of(kLegal) == std::string_view::npos;
}

// On this machine people say 127.0.0.1 or localhost, and the page says what they said.
std::string source_of(std::string_view url) {
  const std::string_view scheme = url.substr(0, url.find(':'));
  if (url.substr(scheme.size()).starts_with("://127.0.0.1:"))
    return fmt::format("{0}://127.0.0.1:* {0}://localhost:*", scheme);
  return std::string(url);
}

}  // namespace

void Peers::set(std::vector<Peer> all) {
  auto known = std::make_shared<Known>();
  known->json = "[";
  for (Peer& peer : all) {
    while (peer.url.ends_with('/')) peer.url.pop_back();
    if (!is_url(peer.url)) continue;
    known->json +=
        fmt::format(R"({}{{"index":{},"http":"{}"}})", known->all.empty() ? "" : ",", peer.index, peer.url);
    const std::string source = source_of(peer.url);
    if (known->sources.find(source) == std::string::npos) known->sources += " " + source;
    known->all.push_back(std::move(peer));
  }
  known->json += "]";
  const std::lock_guard lock(mutex_);
  known_ = std::move(known);
}

std::shared_ptr<const Peers::Known> Peers::now() const {
  const std::lock_guard lock(mutex_);
  return known_;
}

std::string url_of(const net::Address& http) { return (http.tls ? "https://" : "http://") + http.text(); }

}  // namespace titer::api
