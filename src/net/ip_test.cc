// SPDX-License-Identifier: Apache-2.0

#include "net/ip.h"

#include <gtest/gtest.h>

namespace titer::net {
namespace {

Ip ip(std::string_view text) { return parse_ip(text).value(); }

TEST(Ip, AnIpv4AddressInIpv6IsCountedAsIpv4) {
  const auto mapped = boost::asio::ip::make_address("::ffff:192.0.2.7");
  EXPECT_EQ(number_of(mapped), number_of(ip("192.0.2.7")));
  EXPECT_NE(number_of(mapped), number_of(boost::asio::ip::make_address("::ffff:192.0.2.8")));
  EXPECT_NE(number_of(mapped), 0U);
  EXPECT_TRUE(is_loopback(boost::asio::ip::make_address("::ffff:127.0.0.1")));
  EXPECT_TRUE(is_loopback(ip("127.9.9.9")));
  EXPECT_TRUE(is_loopback(ip("::1")));
  EXPECT_FALSE(is_loopback(mapped));
}

TEST(Ip, AHouseholdOfIpv6IsOne) {
  EXPECT_EQ(number_of(ip("2001:db8:1:2::1")), number_of(ip("2001:db8:1:2:ffff::9")));
  EXPECT_NE(number_of(ip("2001:db8:1:2::1")), number_of(ip("2001:db8:1:3::1")));
}

TEST(Ip, ANetworkContainsItsAddressesAndNoOthers) {
  const auto in = [](std::string_view network, std::string_view one) {
    return Network::parse(network)->contains(boost::asio::ip::make_address(std::string(one)));
  };
  EXPECT_TRUE(in("10.0.0.0/8", "10.255.3.4"));
  EXPECT_FALSE(in("10.0.0.0/8", "11.0.0.1"));
  EXPECT_TRUE(in("10.0.0.0/8", "::ffff:10.1.1.1"));
  EXPECT_TRUE(in("192.0.2.64/27", "192.0.2.95"));
  EXPECT_FALSE(in("192.0.2.64/27", "192.0.2.96"));
  EXPECT_TRUE(in("127.0.0.1", "127.0.0.1"));
  EXPECT_FALSE(in("127.0.0.1", "127.0.0.2"));
  EXPECT_TRUE(in("2001:db8::/32", "2001:db8:ffff::1"));
  EXPECT_FALSE(in("2001:db8::/32", "2001:db9::1"));
  EXPECT_TRUE(in("0.0.0.0/0", "203.0.113.9"));
  EXPECT_FALSE(in("0.0.0.0/0", "2001:db8::1"));
  EXPECT_FALSE(in("::/0", "203.0.113.9"));
}

TEST(Ip, ANetworkThatMakesNoSenseIsRefused) {
  for (const std::string_view text : {"", "proxy", "10.0.0.0/", "10.0.0.0/33", "10.0.0.1/8", "10.0.0.0/-1",
                                      "10.0.0/8", "2001:db8::/129", "10.0.0.0/8/8", "10.0.0.0:80"})
    EXPECT_FALSE(Network::parse(text).ok()) << text;
}

}  // namespace
}  // namespace titer::net
