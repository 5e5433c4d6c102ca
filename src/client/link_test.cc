// SPDX-License-Identifier: Apache-2.0

#include "client/link.h"

#include <gtest/gtest.h>

#include "client/fake_replica.h"
#include "client/gateway_client.h"

namespace titer::client {
namespace {

constexpr std::uint16_t kLinkPort = 18'750;  // below the ports that the kernel gives out

TEST(Link, reports_what_a_replica_said_and_not_that_nobody_listens_elsewhere) {
  net::Loop loop;
  FakeReplica silent(loop, address_of_ours(kLinkPort));
  silent.greets = false;
  GatewayClient client(loop, {.at = {silent.address(), address_of_ours(kLinkPort + 1)}});
  const Status connected = client.connect();
  ASSERT_FALSE(connected.ok());
  EXPECT_NE(connected.error().message.find("it accepts connections but does not answer"), std::string::npos)
      << connected.error().message;
}

}  // namespace
}  // namespace titer::client
