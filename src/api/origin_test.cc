// SPDX-License-Identifier: Apache-2.0

#include "api/origin.h"

#include <gtest/gtest.h>

namespace titer::api {
namespace {

bool allowed(std::string_view origin, std::string_view host = "127.0.0.1:8080", bool tls = false,
             decltype(may_write)* may = may_write) {
  http::Request request;
  request.headers = {{"Host", host}};
  if (!origin.empty()) request.headers.emplace_back("Origin", origin);
  const std::vector<Peer> peers = {
      {0, "http://127.0.0.1:8080"}, {1, "http://127.0.0.1:8081"}, {2, "http://b.replica.example:8080"}};
  const std::vector<std::string> hosts = {"clinic.example"};
  return may(request, {peers, hosts, tls});
}

TEST(Origin, ProgramsSendNone) { EXPECT_TRUE(allowed("")); }

TEST(Origin, OurOwnPageWrites) {
  EXPECT_TRUE(allowed("http://127.0.0.1:8080"));
  EXPECT_TRUE(allowed("http://localhost:8080"));
  EXPECT_TRUE(allowed("http://clinic.example:9000", "clinic.example:9000"));
}

// DNS rebinding: the name of somebody's page points here after it was loaded.
TEST(Origin, APageWhoseNameWasMadeToPointHereOnlyReads) {
  EXPECT_FALSE(allowed("http://evil.example:8080", "evil.example:8080"));
  EXPECT_FALSE(allowed("http://localhost.evil.example:8080", "localhost.evil.example:8080"));
  EXPECT_FALSE(allowed("http://127.0.0.1.evil.example:8080", "127.0.0.1.evil.example:8080"));
  EXPECT_FALSE(allowed("http://evil-clinic.example", "evil-clinic.example"));
  EXPECT_FALSE(allowed("http://", ""));
  EXPECT_TRUE(allowed("http://CLINIC.example:9000", "CLINIC.example:9000")) << "listed by the operator";
  EXPECT_TRUE(allowed("http://b.replica.example:8080", "b.replica.example:8080")) << "a replica's name";
  EXPECT_TRUE(allowed("http://[::1]:8080", "[::1]:8080"));
  EXPECT_TRUE(allowed("https://proxy.example", "proxy.example", true)) << "the certificate is for this name";
}

TEST(Origin, APageThatMovedHereFromAnotherReplicaWrites) {
  EXPECT_TRUE(allowed("http://127.0.0.1:8081"));
  EXPECT_TRUE(allowed("http://localhost:8081", "localhost:8080"));
}

TEST(Origin, APageOfSomebodyElseOnlyReads) {
  EXPECT_FALSE(allowed("https://evil.example"));
  EXPECT_FALSE(allowed("http://127.0.0.1:9999"));
  EXPECT_FALSE(allowed("http://127.0.0.1:8081.evil.example"));
  EXPECT_FALSE(allowed("null"));
}

// A page that reads from where it was loaded sends no Origin, and neither does one whose name was made to point here.
TEST(Origin, WhatIsOursIsReadUnderOurNamesAndByOurPagesOnly) {
  const auto reads = [](std::string_view origin, std::string_view host) {
    return allowed(origin, host, false, may_read_what_is_ours);
  };
  EXPECT_TRUE(reads("", "127.0.0.1:8080"));
  EXPECT_TRUE(reads("", "localhost:8080"));
  EXPECT_TRUE(reads("http://127.0.0.1:8081", "127.0.0.1:8080")) << "the page of another replica";
  EXPECT_FALSE(reads("", "evil.example:8080"));
  EXPECT_FALSE(reads("", ""));
  EXPECT_FALSE(reads("http://evil.example", "127.0.0.1:8080"));
  EXPECT_FALSE(reads("null", "127.0.0.1:8080"));
}

}  // namespace
}  // namespace titer::api
