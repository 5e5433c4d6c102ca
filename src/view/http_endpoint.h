// SPDX-License-Identifier: Apache-2.0

// HTTP endpoint: where an HTTP server is, as people write it: http://HOST:PORT or https://HOST:PORT, with an IP address
// or a name. Errors: kInvalid. Thread rule: any.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace titer::view {

struct HttpEndpoint {
  std::string host;
  std::uint16_t port = 0;
  bool tls = false;
  // "host:port", an IPv6 address in brackets.
  [[nodiscard]] std::string authority() const;
  // With the scheme, as parse_http_endpoint() reads it.
  [[nodiscard]] std::string text() const { return (tls ? "https://" : "http://") + authority(); }
};
// The scheme may be left out: http.
[[nodiscard]] Result<HttpEndpoint> parse_http_endpoint(std::string_view text);

}  // namespace titer::view
