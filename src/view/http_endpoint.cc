// SPDX-License-Identifier: Apache-2.0

#include "view/http_endpoint.h"

#include <utility>

#include "net/address.h"

namespace titer::view {

std::string HttpEndpoint::authority() const { return net::Address{host, port}.text(); }

Result<HttpEndpoint> parse_http_endpoint(std::string_view text) {
  HttpEndpoint endpoint;
  std::string_view rest = text;
  endpoint.tls = rest.starts_with("https://");
  if (endpoint.tls || rest.starts_with("http://")) rest.remove_prefix(rest.find("://") + 3);
  while (rest.ends_with('/')) rest.remove_suffix(1);
  const bool host_given = rest.find(':') != std::string_view::npos && !rest.starts_with(':');
  auto address = net::parse_address(rest);
  if (!host_given || !address || address->local())
    return Error{Code::kInvalid, "'" + std::string(text) + "' is not http://HOST:PORT or https://HOST:PORT" +
                                     std::string(net::kPortRange)};
  endpoint.host = std::move(address->host);
  endpoint.port = address->port;
  return endpoint;
}

}  // namespace titer::view
