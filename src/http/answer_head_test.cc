// SPDX-License-Identifier: Apache-2.0

#include "http/answer_head.h"

#include <gtest/gtest.h>

#include "http/response.h"

namespace titer::http {
namespace {

std::string head_for(std::string_view host, bool secure) {
  Request request;
  request.headers.emplace_back("Host", host);
  HeadFacts facts;
  facts.secure = secure;
  std::string out;
  print_head(request, Response(), facts, Times(), out);
  return out;
}

TEST(AnswerHead, UnderTlsBrowsersAreToldToStayThere) {
  EXPECT_NE(head_for("vaccines.example.org:8080", true).find("Strict-Transport-Security: max-age="),
            std::string::npos);
  EXPECT_EQ(head_for("vaccines.example.org", false).find("Strict-Transport-Security"), std::string::npos);
  EXPECT_EQ(head_for("localhost:8443", true).find("Strict-Transport-Security"), std::string::npos)
      << "it would hold for every port of this machine";
}

}  // namespace
}  // namespace titer::http
