// SPDX-License-Identifier: Apache-2.0

#include "net/ip.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <bit>
#include <boost/asio/ip/address_v4.hpp>
#include <boost/asio/ip/address_v6.hpp>
#include <cstring>
#include <string>

#include "base/number.h"

namespace titer::net {

namespace {

// The bytes that a prefix is counted in: 4 or 16.
struct IpBytes {
  std::array<unsigned char, 16> bytes{};
  unsigned bits = 0;
};

IpBytes bytes_of(const Ip& ip) {
  IpBytes out;
  if (ip.is_v4()) {
    const auto bytes = ip.to_v4().to_bytes();
    std::copy(bytes.begin(), bytes.end(), out.bytes.begin());
    out.bits = 32;
  } else {
    const auto bytes = ip.to_v6().to_bytes();
    std::copy(bytes.begin(), bytes.end(), out.bytes.begin());
    out.bits = 128;
  }
  return out;
}

// The first `bits` bits, then zeros.
std::array<unsigned char, 16> prefix(std::array<unsigned char, 16> bytes, unsigned bits) {
  for (unsigned i = 0; i < bytes.size(); ++i) {
    const unsigned kept = bits > 8 * i ? std::min(8U, bits - 8 * i) : 0;
    bytes[i] = static_cast<unsigned char>(bytes[i] & (0xFF00U >> kept));
  }
  return bytes;
}

}  // namespace

Ip plain_ip(const Ip& ip) {
  if (!ip.is_v6() || !ip.to_v6().is_v4_mapped()) return ip;
  return boost::asio::ip::make_address_v4(boost::asio::ip::v4_mapped, ip.to_v6());
}

std::optional<Ip> parse_ip(std::string_view text) {
  boost::system::error_code error;
  const Ip ip = boost::asio::ip::make_address(std::string(text), error);
  return error ? std::nullopt : std::optional(plain_ip(ip));
}

std::uint64_t number_of(const Ip& ip) {
  const IpBytes bytes = bytes_of(plain_ip(ip));
  std::uint64_t number = 0;
  std::memcpy(&number, bytes.bytes.data(), bytes.bits == 32 ? 4 : sizeof number);
  return number;
}

bool is_loopback(const Ip& ip) { return plain_ip(ip).is_loopback(); }

Result<Network> Network::parse(std::string_view text) {
  const std::size_t slash = text.find('/');
  const auto base = parse_ip(text.substr(0, slash));
  const Error wrong{Code::kInvalid,
                    fmt::format("'{}' is neither an address nor a network, such as 10.0.0.0/8", text)};
  if (!base) return wrong;
  const IpBytes bytes = bytes_of(*base);
  if (slash == std::string_view::npos) return Network(*base, bytes.bits);
  const auto bits = parse_number<unsigned>(text.substr(slash + 1));
  if (!bits || *bits > bytes.bits || prefix(bytes.bytes, *bits) != bytes.bytes) return wrong;
  return Network(*base, *bits);
}

bool Network::contains(const Ip& ip) const {
  const IpBytes one = bytes_of(plain_ip(ip)), base = bytes_of(base_);
  return one.bits == base.bits && prefix(one.bytes, bits_) == base.bytes;
}

bool contains(const std::vector<Network>& networks, const Ip& ip) {
  return std::any_of(networks.begin(), networks.end(), [&](const Network& one) { return one.contains(ip); });
}

}  // namespace titer::net
