// SPDX-License-Identifier: Apache-2.0

#include "http/forwarded.h"

#include <gtest/gtest.h>

namespace titer::http {
namespace {

using Fields = std::vector<Request::Pair>;

std::string client(const Fields& fields, std::string_view peer = "127.0.0.1") {
  const std::vector<net::Network> proxies = {net::Network::parse("127.0.0.1").value(),
                                             net::Network::parse("10.0.0.0/8").value()};
  Request request;
  request.headers = fields;
  return client_behind(request, net::parse_ip(peer).value(), proxies).to_string();
}

TEST(Forwarded, TheLastHopThatIsNoProxyIsTheClient) {
  EXPECT_EQ(client({{"X-Forwarded-For", "203.0.113.9"}}), "203.0.113.9");
  EXPECT_EQ(client({{"x-forwarded-for", "127.0.0.1, 203.0.113.9"}}), "203.0.113.9") << "the first one is invented";
  EXPECT_EQ(client({{"X-Forwarded-For", "203.0.113.9, 10.1.2.3"}}), "203.0.113.9") << "two proxies";
  EXPECT_EQ(client({{"X-Forwarded-For", "203.0.113.9"}, {"X-Forwarded-For", "198.51.100.1"}}), "198.51.100.1");
  EXPECT_EQ(client({{"X-Forwarded-For", "203.0.113.9:4711"}}), "203.0.113.9");
  EXPECT_EQ(client({{"X-Forwarded-For", "2001:db8::1"}}), "2001:db8::1");
  EXPECT_EQ(client({{"X-Forwarded-For", "[2001:db8::1]:4711"}}), "2001:db8::1");
  EXPECT_EQ(client({{"X-Forwarded-For", "::ffff:203.0.113.9"}}), "203.0.113.9");
}

TEST(Forwarded, TheFieldOfRfc7239IsUnderstood) {
  EXPECT_EQ(client({{"Forwarded", "for=203.0.113.9"}}), "203.0.113.9");
  EXPECT_EQ(client({{"Forwarded", "for=192.0.2.43;proto=https, For=\"[2001:db8:cafe::17]:4711\""}}),
            "2001:db8:cafe::17");
  EXPECT_EQ(client({{"Forwarded", "proto=https; for=203.0.113.9, for=10.0.0.1"}}), "203.0.113.9");
}

TEST(Forwarded, WhatIsNotSaidIsTheProxyItself) {
  EXPECT_EQ(client({}), "127.0.0.1");
  EXPECT_EQ(client({{"X-Forwarded-For", ""}}), "127.0.0.1");
  EXPECT_EQ(client({{"X-Forwarded-For", "203.0.113.9, unknown"}}), "127.0.0.1");
  EXPECT_EQ(client({{"Forwarded", "for=_hidden"}}), "127.0.0.1");
  EXPECT_EQ(client({{"Forwarded", "proto=https"}}), "127.0.0.1");
  EXPECT_EQ(client({{"X-Forwarded-For", "10.0.0.9, 10.0.0.8"}}), "10.0.0.9")
      << "a client within the trusted network";
}

TEST(Forwarded, TwoFieldsThatDifferAreNotBelieved) {
  EXPECT_EQ(client({{"Forwarded", "for=198.51.100.1"}, {"X-Forwarded-For", "203.0.113.9"}}), "127.0.0.1");
  EXPECT_EQ(client({{"Forwarded", "for=203.0.113.9"}, {"X-Forwarded-For", "203.0.113.9"}}), "203.0.113.9");
}

}  // namespace
}  // namespace titer::http
