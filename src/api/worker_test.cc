// SPDX-License-Identifier: Apache-2.0

// A worker over a socket, with a replica that answers as the test says. Not here: hostile bytes in all their kinds and
// real replicas (tests/e2e).
#include "api/worker.h"

#include <gtest/gtest.h>

#include <set>

#include "api/site_tag.h"
#include "api/testing.h"

namespace titer::api {
namespace {

registry::Site elm() {
  registry::Site site;
  site.id = "elm";
  site.name = "Elm Street \"Clinic\"";
  site.zip = "02139";
  site.version = 3;
  site.changed = Position(17);
  registry::StockLine line;
  line.product = "any";
  line.availability = registry::Availability::of(12);
  site.stock.push_back(line);
  return site;
}

class WorkerTest : public testing::Test {
 protected:
  WorkerTest() {
    server_.replica.on_query = [](const registry::Query& query, wire::QueryAnswer& answer, Bytes& buffer) {
      if (const auto* get = std::get_if<registry::GetSite>(&query)) {
        if (get->site.id == "elm") return answer_with(elm(), answer, buffer);
        return answer_with(Code::kNotFound, "no site has this id", answer);
      }
      buffer.assign(1, std::byte{0});
      answer.body = buffer;
      answer.position = Position(17);
    };
    server_.start();
  }
  TestServer server_;
};

TEST_F(WorkerTest, GivesOneSiteWithItsTagAndPosition) {
  TestClient client = server_.client();
  const auto answer = client.ask("GET", "/api/v1/sites/elm");
  EXPECT_EQ(answer.result_int(), 200U);
  EXPECT_EQ(answer["Content-Type"], "application/json");
  EXPECT_EQ(answer["ETag"], "\"3.17.0-000c1a57\"");
  EXPECT_EQ(answer["Titer-Position"], "17");
  EXPECT_EQ(answer["Titer-Stream"], "00000000000c1a57");
  EXPECT_EQ(answer["Vary"], "Authorization");
  EXPECT_NE(answer.body().find(R"("name":"Elm Street \"Clinic\"","zip":"02139")"), std::string::npos)
      << answer.body();
  EXPECT_NE(answer.body().find(R"("availability":12)"), std::string::npos);
}

// It had one bit for each stock line, and 32 bits.
TEST(SiteTag, ChangesWithTheAgeOfEachOfManyStockLines) {
  registry::Site site = elm();
  site.stock.assign(40, site.stock.front());
  const WallTime now(1'000'000'000'000);
  std::set<std::string> tags;
  for (registry::StockLine& line : site.stock) line.valid_at = now;
  for (registry::StockLine& line : site.stock) {
    EXPECT_TRUE(tags.insert(site_tag(site, now, 0)).second);
    line.valid_at = WallTime(1);  // expired
  }
  EXPECT_TRUE(tags.insert(site_tag(site, now, 0)).second);
}

// A cache would have given the operator's bytes to everybody, or everybody's to the operator.
TEST(SiteTag, IsAnotherOneWhereItShowsWhoDidIt) {
  const registry::Site anonymous = elm();
  const WallTime now(1'000'000'000'000);
  std::set<std::string> tags{site_tag(anonymous, now, 0)};
  registry::Site created = anonymous, updated = anonymous, logged = anonymous;
  created.created_by = updated.updated_by = logged.stock.front().updated_by = "ann";
  for (const registry::Site& site : {created, updated, logged}) {
    EXPECT_FALSE(tags.contains(site_tag(site, now, 0)));
    http::Request request;
    const std::string tag = site_tag(site, now, 0);
    request.headers = {{"If-Match", tag}};
    EXPECT_EQ(precondition_of(request, TagOf::kSite, 0).value(), registry::Precondition(site.version)) << tag;
  }
}

TEST_F(WorkerTest, SaysNotModifiedToWhoHasIt) {
  TestClient client = server_.client();
  const auto same = client.ask("GET", "/api/v1/sites/elm", "If-None-Match: \"1.1.0\", W/\"3.17.0-000c1a57\"\r\n");
  EXPECT_EQ(same.result_int(), 304U);
  EXPECT_TRUE(same.body().empty());
  EXPECT_EQ(client.ask("GET", "/api/v1/sites/elm", "If-None-Match: \"3.16.0-000c1a57\"\r\n").result_int(), 200U);
}

TEST_F(WorkerTest, ReadsHonourIfMatch) {
  TestClient client = server_.client();
  EXPECT_EQ(client.ask("GET", "/api/v1/sites/elm", "If-Match: \"3.17.0-000c1a57\"\r\n").result_int(), 200U);
  const auto other = client.ask("GET", "/api/v1/sites/elm", "If-Match: \"3.16.0-000c1a57\"\r\n");
  EXPECT_EQ(other.result_int(), 412U);
  EXPECT_NE(other.body().find("stale_version"), std::string::npos) << other.body();
  EXPECT_EQ(client.ask("GET", "/api/v1/sites/oak", "If-Match: *\r\n").result_int(), 404U);
}

// One strong tag for two sequences of bytes: a cache could give the one in the place of the other.
TEST_F(WorkerTest, TheGzipFormHasATagOfItsOwn) {
  TestClient client = server_.client();
  const std::string openapi = "/api/v1/openapi.json", gzip = "Accept-Encoding: gzip\r\n";
  const auto plain = client.ask("GET", openapi), packed = client.ask("GET", openapi, gzip);
  EXPECT_EQ(packed["Content-Encoding"], "gzip");
  EXPECT_NE(plain["ETag"], packed["ETag"]);
  EXPECT_EQ(plain["Vary"], "Accept-Encoding");
  const auto same = client.ask("GET", openapi, gzip + "If-None-Match: " + packed["ETag"] + "\r\n");
  EXPECT_EQ(same.result_int(), 304U);
  EXPECT_EQ(same["ETag"], packed["ETag"]);
  EXPECT_EQ(same["Vary"], "Accept-Encoding");
  EXPECT_EQ(same["Content-Encoding"], "");
  EXPECT_EQ(client.ask("GET", openapi, "If-None-Match: " + packed["ETag"] + "\r\n").result_int(), 200U);
  EXPECT_EQ(client.ask("GET", openapi, "If-None-Match: " + plain["ETag"] + "\r\n").result_int(), 304U);
}

TEST_F(WorkerTest, EveryReadWaitsForThePositionThatItsClientHasSeen) {
  TestClient client = server_.client();
  constexpr std::string_view kReads[] = {"/api/v1/sites/elm", "/api/v1/export",  "/api/v1/smart/$bulk-publish",
                                         "/api/v1/changes",   "/api/v1/imports", "/find?zip=02139"};
  std::vector<std::unique_ptr<TestClient>> waiting;  // all at once: each waits for two seconds
  for (const std::string_view path : kReads) {
    waiting.push_back(std::make_unique<TestClient>(server_.setup.listen));
    waiting.back()->send("GET " + std::string(path) + " HTTP/1.1\r\nHost: a\r\nTiter-Min-Position: 18\r\n\r\n");
    for (const std::string wrong : {"soon", "17-", "17-9f3c", "-00000000000c1a57"})
      EXPECT_EQ(client.ask("GET", path, "Titer-Min-Position: " + wrong + "\r\n").result_int(), 400U)
          << path << wrong;
    const auto lost = client.ask("GET", path, "Titer-Min-Position: 17-00000000000c1a58\r\n");
    EXPECT_EQ(lost.result_int(), 410U) << path;
    EXPECT_NE(lost.body().find("resumed with a loss of writes"), std::string::npos) << lost.body();
  }
  for (const auto& one : waiting) EXPECT_EQ(one->receive().result_int(), 503U);
  for (const std::string there : {"17", "17-00000000000c1a57"})
    EXPECT_EQ(client.ask("GET", "/api/v1/sites/elm", "Titer-Min-Position: " + there + "\r\n").result_int(), 200U);
}

TEST_F(WorkerTest, EmptyLinesBeforeARequestAreIgnored) {
  TestClient client = server_.client();
  client.send("\r\n\r\nGET /healthz HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_EQ(client.receive().result_int(), 200U);
  for (const char c : std::string_view("\r\nGET /healthz HTTP/1.1\r\nHost: a\r\n\r\n")) client.send({&c, 1});
  EXPECT_EQ(client.receive().result_int(), 200U) << "also between two requests, and byte by byte";
  client.send("\r\n\r\n\r\n\r\n\r\nGET /healthz HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_EQ(client.receive().result_int(), 400U) << "not without end";
}

TEST_F(WorkerTest, RefusalsAreProblemsWithACode) {
  TestClient client = server_.client();
  const auto missing = client.ask("GET", "/api/v1/sites/oak");
  EXPECT_EQ(missing.result_int(), 404U);
  EXPECT_EQ(missing["Content-Type"], "application/problem+json");
  EXPECT_NE(missing.body().find(R"("code":"not_found")"), std::string::npos);
  EXPECT_EQ(client.ask("GET", "/nowhere").result_int(), 404U);
  const auto wrong = client.ask("PUT", "/healthz", {}, "{}");
  EXPECT_EQ(wrong.result_int(), 405U);
  EXPECT_EQ(wrong["Allow"], "GET, HEAD, OPTIONS");
}

TEST_F(WorkerTest, UnknownParametersAreNamed) {
  TestClient client = server_.client();
  const auto answer = client.ask("GET", "/api/v1/sites/elm?zap=1");
  EXPECT_EQ(answer.result_int(), 400U);
  EXPECT_NE(answer.body().find("'zap'"), std::string::npos);
}

TEST_F(WorkerTest, AnswersPipelinedRequestsInOrder) {
  TestClient client = server_.client();
  client.send(
      "GET /healthz HTTP/1.1\r\nHost: a\r\n\r\nGET /api/v1/sites/elm HTTP/1.1\r\nHost: a\r\n\r\n"
      "GET /api/v1/sites/oak HTTP/1.1\r\nHost: a\r\n\r\nHEAD /healthz HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_EQ(client.receive().body(), "ok\n");
  EXPECT_EQ(client.receive()["ETag"], "\"3.17.0-000c1a57\"");
  EXPECT_EQ(client.receive().result_int(), 404U);
  const auto head = client.receive(true);
  EXPECT_EQ(head["Content-Length"], "3");
  EXPECT_TRUE(head.body().empty());
}

TEST_F(WorkerTest, BytesMayComeOneByOne) {
  TestClient client = server_.client();
  for (const char c : std::string_view("GET /api/v1/sites/%65lm HTTP/1.1\r\nHost: a\r\n\r\n")) client.send({&c, 1});
  EXPECT_EQ(client.receive().result_int(), 200U);
}

TEST_F(WorkerTest, WhatIsNoRequestEndsTheConnection) {
  TestClient client = server_.client();
  client.send("\x16\x03\x01 hello\r\n\r\n");
  EXPECT_EQ(client.receive().result_int(), 400U);
  EXPECT_TRUE(client.ended());
}

TEST_F(WorkerTest, WhoIsDoneSendingStillGetsTheAnswer) {
  TestClient client = server_.client();
  client.send("GET /api/v1/sites/elm HTTP/1.1\r\nHost: a\r\n\r\n");
  client.end_sending();
  EXPECT_EQ(client.receive().result_int(), 200U);
  EXPECT_TRUE(client.ended());
}

TEST_F(WorkerTest, OldClientsAreServedAndLeft) {
  TestClient client = server_.client();
  client.send("GET /healthz HTTP/1.0\r\n\r\n");
  const auto answer = client.receive();
  EXPECT_EQ(answer.body(), "ok\n");
  EXPECT_TRUE(client.ended());
}

TEST_F(WorkerTest, PagesOfOtherSitesMayReadButNotWrite) {
  TestClient client = server_.client();
  EXPECT_EQ(
      client.ask("GET", "/api/v1/sites/elm", "Origin: http://evil.example\r\n")["Access-Control-Allow-Origin"],
      "*");
  const auto preflight = client.ask("OPTIONS", "/api/v1/sites/elm", "Origin: http://evil.example\r\n");
  EXPECT_EQ(preflight.result_int(), 204U);
  EXPECT_EQ(preflight["Access-Control-Allow-Methods"], "GET, HEAD");
}

TEST_F(WorkerTest, StopEndsIdleConnections) {
  TestClient client = server_.client();
  EXPECT_EQ(client.ask("GET", "/healthz").result_int(), 200U);
  server_.stop();
  EXPECT_TRUE(client.ended());
}

}  // namespace
}  // namespace titer::api
