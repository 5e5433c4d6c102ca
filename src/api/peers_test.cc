// SPDX-License-Identifier: Apache-2.0

#include "api/peers.h"

#include <gtest/gtest.h>

namespace titer::api {
namespace {

TEST(Peers, AreGivenToThePageWithTheirAddresses) {
  Peers peers;
  EXPECT_EQ(peers.now()->json, "[]");
  peers.set({{0, "https://10.0.0.1:8080/"}, {2, "https://[fd00::2]:8080"}});
  EXPECT_EQ(peers.now()->json,
            R"([{"index":0,"http":"https://10.0.0.1:8080"},{"index":2,"http":"https://[fd00::2]:8080"}])");
  EXPECT_EQ(peers.now()->sources, " https://10.0.0.1:8080 https://[fd00::2]:8080");
}

TEST(Peers, OnThisMachineHaveTwoNames) {
  Peers peers;
  peers.set({{0, url_of({"127.0.0.1", 8080})}, {1, url_of({"127.0.0.1", 8081})}});
  EXPECT_EQ(peers.now()->sources, " http://127.0.0.1:* http://localhost:*");
}

TEST(Peers, ThatAreNoAddressesNeverReachAHeader) {
  Peers peers;
  peers.set({{0, "https://a; script-src *"}, {1, "javascript:alert(1)"}, {2, "https://b\r\nSet-Cookie: c"}});
  EXPECT_TRUE(peers.now()->all.empty());
  EXPECT_EQ(peers.now()->sources, "");
}

TEST(Peers, WhatSomebodyLooksAtStaysWhenTheyChange) {
  Peers peers;
  peers.set({{0, "http://10.0.0.1:80"}});
  const auto before = peers.now();
  peers.set({});
  EXPECT_EQ(before->all.size(), 1U);
}

}  // namespace
}  // namespace titer::api
