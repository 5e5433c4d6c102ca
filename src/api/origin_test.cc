// SPDX-License-Identifier: Apache-2.0

#include "api/origin.h"

#include <gtest/gtest.h>

namespace titer::api {
namespace {

bool allowed(std::string_view origin, std::string_view host = "127.0.0.1:8080") {
  http::Request request;
  request.headers = {{"Host", host}};
  if (!origin.empty()) request.headers.emplace_back("Origin", origin);
  return may_write(request, {{0, "http://127.0.0.1:8080"}, {1, "http://127.0.0.1:8081"}});
}

TEST(Origin, ProgramsSendNone) { EXPECT_TRUE(allowed("")); }

TEST(Origin, OurOwnPageWrites) {
  EXPECT_TRUE(allowed("http://127.0.0.1:8080"));
  EXPECT_TRUE(allowed("http://localhost:8080"));
  EXPECT_TRUE(allowed("http://clinic.example:9000", "clinic.example:9000"));
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

}  // namespace
}  // namespace titer::api
