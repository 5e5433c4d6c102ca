// SPDX-License-Identifier: Apache-2.0

// IP addresses of peers: the number by which a client is counted, addresses of this machine, and networks
// (10.0.0.0/8).
//
// An IPv4 client of a listener on [::] comes as ::ffff:a.b.c.d. Everything here treats that as a.b.c.d: counted by its
// first 64 bits, all of IPv4 would be one client. Pure.
#pragma once

#include <boost/asio/ip/address.hpp>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace titer::net {

using Ip = boost::asio::ip::address;

// Of ::ffff:a.b.c.d the IPv4 address; every other one as it is.
[[nodiscard]] Ip plain_ip(const Ip& ip);
// nullopt: not an address. "192.0.2.1", "2001:db8::1".
[[nodiscard]] std::optional<Ip> parse_ip(std::string_view text);
// To count by: of IPv6 the first 64 bits, which one household has; 0: none (0.0.0.0, ::).
[[nodiscard]] std::uint64_t number_of(const Ip& ip);
// 127.0.0.0/8 or ::1
[[nodiscard]] bool is_loopback(const Ip& ip);

class Network {
 public:
  // "10.0.0.0/8", "2001:db8::/32", or one address. kInvalid: neither, or bits beyond the prefix are set.
  [[nodiscard]] static Result<Network> parse(std::string_view text);
  [[nodiscard]] bool contains(const Ip& ip) const;

 private:
  Network(const Ip& base, unsigned bits) : base_(base), bits_(bits) {}

  Ip base_;  // plain
  unsigned bits_;
};

[[nodiscard]] bool contains(const std::vector<Network>& networks, const Ip& ip);

}  // namespace titer::net
