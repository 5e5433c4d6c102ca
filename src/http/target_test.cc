// SPDX-License-Identifier: Apache-2.0

#include "http/target.h"

#include <gtest/gtest.h>

namespace titer::http {
namespace {

struct Split {
  explicit Split(std::string_view target) {
    request.target = target;
    memory.reserve(target.size());
    status = split_target(request, memory);
  }
  Request request;
  std::string memory;
  Status status = ok_status();
};

TEST(Target, IsDecodedInParts) {
  const Split s("/api/v1/sites/a%2Fb%20c/x?q=Elm+St%C3%A9&zip=02139&available");
  ASSERT_TRUE(s.status.ok());
  ASSERT_EQ(s.request.segments.size(), 5U);
  EXPECT_EQ(s.request.segments[3], "a/b c");
  EXPECT_EQ(s.request.path, "/api/v1/sites/a%2Fb%20c/x");
  EXPECT_EQ(*s.request.parameter("q"), "Elm Sté");
  EXPECT_EQ(*s.request.parameter("available"), "");
  EXPECT_EQ(s.request.parameter("state"), nullptr);
}

TEST(Target, OfAProxyLosesItsHost) {
  const Split s("http://example.org:8080/api?x=1");
  ASSERT_TRUE(s.status.ok());
  EXPECT_EQ(s.request.path, "/api");
}

TEST(Target, ThatCannotBeReadIsRefused) {
  for (const char* target : {"", "api", "/a%", "/a%4", "/a%zz", "/a%00b", "/a%0Ab", "/%ff", "/%c0%af", "/%ed%a0%80",
                             "/x?q=%", "/x?q=%ff", "/x?a=1&a=2", "/1/2/3/4/5/6/7/8/9/10/11/12/13/14/15/16/17"})
    EXPECT_FALSE(Split(target).status.ok()) << target;
}

TEST(Target, EscapedTextComesBack) {
  const std::string text = "50% off: \"Elm & Oak\" é/?";
  std::string escaped = "/";
  print_escaped(text, escaped);
  const Split s(escaped);
  ASSERT_TRUE(s.status.ok());
  EXPECT_EQ(s.request.segments[0], text);
}

}  // namespace
}  // namespace titer::http
