// SPDX-License-Identifier: Apache-2.0

#include "net/address.h"

#include <algorithm>
#include <boost/asio/ip/address.hpp>

#include "base/number.h"
#include "base/text.h"

namespace titer::net {

Error path_too_long(const std::string& path) {
  return {Code::kInvalid,
          "the path of a Unix socket has at most " + std::to_string(kSocketPathBytesMax) + " bytes: " + path};
}

namespace {

using boost::system::error_code;

constexpr std::string_view kUnix = "unix:";

// Of a name or an IPv4 address. So nothing that a resolver, a certificate or the header of a request could take otherwise.
bool may_be_in_name(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' || c == '.' ||
         c == '_';
}
bool may_be_in_ipv6(char c) { return may_be_in_name(c) || c == ':' || c == '%'; }  // %: an interface's name follows

std::string one_form(std::string_view host) {
  error_code error;
  std::string text(host.ends_with('.') ? host.substr(0, host.size() - 1) : host);
  std::ranges::transform(text, text.begin(), to_lower);
  const auto ip = boost::asio::ip::make_address(text == "localhost" ? "127.0.0.1" : text, error);
  return error ? text : ip.to_string();
}

}  // namespace

bool Address::same_place(const Address& other) const {
  if (local() || other.local()) return host == other.host && port == other.port;
  return port == other.port && one_form(host) == one_form(other.host);
}

std::string Address::text() const {
  if (local()) return std::string(kUnix) + host;
  const bool v6 = host.find(':') != std::string::npos;
  return (v6 ? "[" + host + "]" : host) + ":" + std::to_string(port);
}

Result<Address> parse_address(std::string_view text) {
  Address address;
  if (text.starts_with(kUnix)) {
    address.host = std::string(text.substr(kUnix.size()));
    if (!address.local())
      return Error{Code::kInvalid, "'" + std::string(text) + "' is not unix:/PATH: the path begins with /"};
    if (address.host.size() > kSocketPathBytesMax) return path_too_long(address.host);
    return address;
  }
  std::string_view port = text;
  bool host_ok = true;
  if (const std::size_t colon = text.rfind(':'); colon != std::string_view::npos) {
    std::string_view host = text.substr(0, colon);
    const bool v6 = host.starts_with('[') && host.ends_with(']') && host.size() > 2;
    if (v6) host = host.substr(1, host.size() - 2);
    if (!host.empty()) address.host = std::string(host);
    host_ok = std::ranges::all_of(host, v6 ? may_be_in_ipv6 : may_be_in_name);
    port = text.substr(colon + 1);
  }
  address.port = parse_number<std::uint16_t>(port).value_or(0);
  if (address.port == 0 || !host_ok)
    return Error{Code::kInvalid, "'" + std::string(text) + "' is not PORT, HOST:PORT, [IPv6]:PORT or unix:/PATH" +
                                     std::string(kPortRange)};
  return address;
}

}  // namespace titer::net
