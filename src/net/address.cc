// SPDX-License-Identifier: Apache-2.0

#include "net/address.h"

#include <arpa/inet.h>

#include <algorithm>
#include <boost/asio/ip/address.hpp>

#include "base/number.h"
#include "base/text.h"
#include "net/ip.h"

namespace titer::net {

Error path_too_long(const std::string& path) {
  return {Code::kInvalid,
          "the path of a Unix socket has at most " + std::to_string(kSocketPathBytesMax) + " bytes: " + path};
}

namespace {

constexpr std::string_view kUnix = "unix:";

// Of a name or an IPv4 address. So nothing that a resolver, a certificate or the header of a request could take otherwise.
bool may_be_in_name(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' || c == '.' ||
         c == '_';
}
bool may_be_in_ipv6(char c) { return may_be_in_name(c) || c == ':' || c == '%'; }  // %: an interface's name follows

std::string one_form(std::string_view host) {
  std::string text(host.ends_with('.') ? host.substr(0, host.size() - 1) : host);
  std::ranges::transform(text, text.begin(), to_lower);
  return text == "localhost" ? "127.0.0.1" : canonical_host(text);
}

}  // namespace

std::string canonical_host(std::string_view host) {
  if (const auto ip = parse_ip(host)) return ip->to_string();
  in_addr v4{};  // the forms that every resolver takes without asking anybody: fewer parts, octal, hexadecimal
  const std::string text(host);
  if (::inet_aton(text.c_str(), &v4) == 0) return text;
  return boost::asio::ip::make_address_v4(ntohl(v4.s_addr)).to_string();
}

Status check_one_machine(const Address& address) {
  const auto ip = parse_ip(canonical_host(address.host));
  if (!ip) return ok_status();
  const auto refuse = [&](std::string_view why) {
    return Error{Code::kInvalid, address.text() + " is not the address of one machine: " + std::string(why) +
                                     ". Give the address at which the other machines reach this one"};
  };
  if (ip->is_multicast()) return refuse("it is a multicast address");
  if (ip->is_unspecified() || (ip->is_v4() && ip->to_v4().to_bytes()[0] == 0))
    return refuse("it stands for any address");
  if (ip->is_v4() && ip->to_v4() == boost::asio::ip::address_v4::broadcast())
    return refuse("it is the broadcast address");
  return ok_status();
}

bool Address::same_place(const Address& other) const {
  if (local() || other.local()) return host == other.host && port == other.port;
  return port == other.port && one_form(host) == one_form(other.host);
}

bool Address::overlaps(const Address& other) const {
  const auto of_all = [](const Address& one) {
    const auto ip = parse_ip(canonical_host(one.host));
    return ip && ip->is_unspecified();
  };
  if (local() || other.local() || port != other.port) return same_place(other);
  return of_all(*this) || of_all(other) || same_place(other);
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
    if (!host.empty()) address.host = canonical_host(host);
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
