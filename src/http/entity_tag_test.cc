// SPDX-License-Identifier: Apache-2.0

#include "http/entity_tag.h"

#include <gtest/gtest.h>

namespace titer::http {
namespace {

Request with(std::initializer_list<Request::Pair> headers) {
  Request request;
  request.headers = headers;
  return request;
}
ReadCondition when(std::initializer_list<Request::Pair> headers, std::string_view etag = "\"17\"") {
  return read_condition(with(headers), etag);
}

TEST(EntityTags, AreReadAsAListOverAllFieldsOfThatName) {
  const Request request = with({{"If-Match", R"(, "a,b" ,W/"c",,)"}, {"Host", "x"}, {"if-match", R"("")"}});
  const auto tags = entity_tags(request, "if-match");
  ASSERT_TRUE(tags.ok() && tags->has_value());
  EXPECT_FALSE((*tags)->any);
  ASSERT_EQ((*tags)->list.size(), 3U);
  EXPECT_EQ((*tags)->list[0].text, R"("a,b")") << "a comma may be in a tag";
  EXPECT_TRUE((*tags)->list[1].weak);
  EXPECT_EQ((*tags)->list[1].text, R"("c")");
  EXPECT_EQ((*tags)->list[2].text, R"("")");
  EXPECT_FALSE(entity_tags(request, "if-none-match")->has_value());
  EXPECT_TRUE((*entity_tags(with({{"If-Match", " * "}}), "if-match"))->any);
}

TEST(EntityTags, AnythingElseIsRefused) {
  for (const char* bad :
       {"3", "\"3", "3\"", "", ",", "*, \"3\"", "\"3\" \"4\"", "w/\"3\"", "W/", "\"a\x7F\"", "\"a b\""})
    EXPECT_FALSE(entity_tags(with({{"If-Match", bad}}), "if-match").ok()) << bad;
  EXPECT_FALSE(entity_tags(with({{"If-Match", "*"}, {"If-Match", "\"3\""}}), "if-match").ok());
}

TEST(ReadConditions, IfMatchComparesStronglyAndIfNoneMatchWeakly) {
  using enum ReadCondition;
  EXPECT_EQ(when({}), kServe);
  EXPECT_EQ(when({{"If-Match", "*"}}), kServe);
  EXPECT_EQ(when({{"If-Match", R"("16", "17")"}}), kServe);
  EXPECT_EQ(when({{"If-Match", R"("16")"}}), kFailed);
  EXPECT_EQ(when({{"If-Match", R"(W/"17")"}}), kFailed);
  EXPECT_EQ(when({{"If-Match", "17"}}), kFailed) << "it names nothing";
  EXPECT_EQ(when({{"If-Match", R"("17")"}}, ""), kFailed) << "there is no tag";
  EXPECT_EQ(when({{"If-None-Match", R"("16", W/"17")"}}), kNotModified);
  EXPECT_EQ(when({{"If-None-Match", "*"}}), kNotModified);
  EXPECT_EQ(when({{"If-None-Match", R"("16")"}}), kServe);
  EXPECT_EQ(when({{"If-None-Match", "17"}}), kServe);
  EXPECT_EQ(when({{"If-Match", R"("17")"}, {"If-None-Match", R"("17")"}}), kNotModified);
  EXPECT_EQ(when({{"If-Match", R"("16")"}, {"If-None-Match", R"("17")"}}), kFailed) << "If-Match comes first";
}

TEST(EntityTags, TheGzipFormHasItsOwn) {
  EXPECT_EQ(gzip_tag(R"("17")"), R"("17.gz")");
  EXPECT_EQ(without_gzip_mark("17.gz"), "17");
  EXPECT_EQ(without_gzip_mark("17"), "17");
}

}  // namespace
}  // namespace titer::http
