// SPDX-License-Identifier: Apache-2.0

// What a request's body becomes: the operation that reaches the replica, and the answer that comes back.
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <mutex>

#include "api/testing.h"
#include "registry/request.h"

namespace titer::api {
namespace {

using registry::Availability;

// Keeps what arrives, and the first outcome of each session's number and of each idempotency key, as the replicas do.
class WritesTest : public testing::Test {
 protected:
  WritesTest() {
    server_.replica.on_request = [this](SessionId session, RequestNumber number, ByteView body) {
      const std::lock_guard lock(mutex_);
      const std::pair key(session.value, number.value);
      if (const auto it = outcomes_.find(key); it != outcomes_.end()) return std::optional(it->second);
      if (auto repeated = of_key(body)) return repeated;
      bodies_.emplace_back(body.begin(), body.end());
      next_.position = Position(100 + bodies_.size());
      if (const auto text = wire::decode_request(body).value().idempotency_key; !text.empty())
        keys_[std::string(text)] = {bodies_.back(), next_};
      return std::optional(outcomes_[key] = next_);
    };
    next_.changed = true;
    next_.site_id = "elm";
  }
  void SetUp() override { server_.start(); }
  registry::Request last() {
    const std::lock_guard lock(mutex_);
    return wire::decode_request(bodies_.back()).value();
  }
  std::size_t executed() {
    const std::lock_guard lock(mutex_);
    return bodies_.size();
  }
  TestClient::Answer put(std::string_view body, std::string_view headers = {}) {
    return client().ask("PUT", "/api/v1/sites/elm/stock/208", headers, body);
  }
  TestClient client() { return server_.client(); }

  std::optional<registry::Outcome> of_key(ByteView body) {
    const auto it = keys_.find(std::string(wire::decode_request(body).value().idempotency_key));
    if (it == keys_.end()) return std::nullopt;
    if (std::ranges::equal(it->second.first, body)) return it->second.second;
    registry::Outcome other;
    other.code = Code::kKeyReused;
    other.message = "this Idempotency-Key was sent with another request before";
    return other;
  }

  TestServer server_;
  std::mutex mutex_;
  registry::Outcome next_;
  std::vector<Bytes> bodies_;
  std::map<std::pair<std::uint64_t, std::uint64_t>, registry::Outcome> outcomes_;
  std::map<std::string, std::pair<Bytes, registry::Outcome>> keys_;
};

TEST_F(WritesTest, EveryFormOfAnAvailabilityIsKeptAsClaimed) {
  const std::pair<const char*, Availability> forms[] = {{R"({"availability":{"count":12}})", Availability::of(12)},
                                                        {R"({"availability":12})", Availability::of(12)},
                                                        {"12", Availability::of(12)},
                                                        {R"({"availability":"yes"})", Availability::yes()},
                                                        {"true", Availability::yes()},
                                                        {R"("no")", Availability::no()},
                                                        {"false", Availability::no()},
                                                        {R"({"availability":"unknown"})", Availability::unknown()}};
  for (const auto& [body, expected] : forms) {
    const auto answer = put(body);
    ASSERT_EQ(answer.result_int(), 200U) << body << answer.body();
    const registry::Request request = last();
    const auto& set = std::get<registry::SetAvailability>(request.operation);
    EXPECT_EQ(set.claim.availability, expected) << body;
    EXPECT_EQ(set.claim.product, "208");
    EXPECT_EQ(set.site.id, "elm");
  }
}

TEST_F(WritesTest, WhatCannotBeReadNeverReachesTheReplica) {
  for (const char* body : {"{", "[]", "{}", "null", "-1", "1.5", "1e3", R"({"availability":{"count":-1}})",
                           R"({"availability":{"count":1,"x":2}})", R"({"availabilty":12})",
                           R"({"availability":12,"valid_at":"yesterday"})", R"({"availability":12,"source":7})",
                           R"("maybe")", "18446744073709551616"}) {
    const auto answer = put(body);
    EXPECT_EQ(answer.result_int(), 400U) << body;
    EXPECT_NE(answer.body().find("\"code\":\"bad_request\""), std::string::npos) << answer.body();
  }
  EXPECT_EQ(put("12", "If-Match: 3\r\n").result_int(), 400U);
  EXPECT_EQ(executed(), 0U);
}

TEST_F(WritesTest, ABodyThatIsNoJsonTypeIsRefused) {
  TestClient one = client();
  one.send(
      "PUT /api/v1/sites/elm/stock/208 HTTP/1.1\r\nHost: a\r\nContent-Type: text/plain\r\nContent-Length: "
      "2\r\n\r\n12");
  EXPECT_EQ(one.receive().result_int(), 415U);
}

TEST_F(WritesTest, NamesOfMediaTypesHaveNoCase) {
  for (const std::string type :
       {"Application/JSON", "application/json ; charset=UTF-8", "APPLICATION/Merge-Patch+Json"}) {
    TestClient one = client();
    one.send("PUT /api/v1/sites/elm/stock/208 HTTP/1.1\r\nHost: test\r\nContent-Type: " + type +
             "\r\nContent-Length: 2\r\n\r\n12");
    EXPECT_EQ(one.receive().result_int(), 200U) << type;
  }
}

TEST_F(WritesTest, AMemberThatIsThereTwiceIsRefused) {
  for (const char* body :
       {R"({"availability":12,"availability":13})", R"({"availability":12,"\u0061vailability":12})",
        R"({"availability":12,"reason":"a","reason":"b"})"}) {
    const auto answer = put(body);
    EXPECT_EQ(answer.result_int(), 400U) << body;
    EXPECT_NE(answer.body().find("two members of one name"), std::string::npos) << answer.body();
  }
  EXPECT_EQ(executed(), 0U);
}

TEST_F(WritesTest, AFieldWithOneValueIsThereOnce) {
  for (const std::string field :
       {"Idempotency-Key: a", "idempotency-key: b", "Titer-Actor: ann", "Content-Type: application/json"}) {
    const auto answer = put("12", "Idempotency-Key: a\r\nTiter-Actor: ann\r\n" + field + "\r\n");
    EXPECT_EQ(answer.result_int(), 400U) << field;
    EXPECT_NE(answer.body().find("is given twice"), std::string::npos) << answer.body();
  }
  EXPECT_EQ(executed(), 0U);
}

TEST_F(WritesTest, PagesOfOtherSitesMayNotWrite) {
  EXPECT_EQ(put("12", "Origin: http://evil.example\r\n").result_int(), 403U);
  EXPECT_EQ(executed(), 0U);
  EXPECT_EQ(put("12", "Origin: http://test\r\n").result_int(), 200U);
}

TEST_F(WritesTest, VersionsComeFromTheConditionsOfTheRequest) {
  EXPECT_EQ(put("12", "If-Match: \"7\"\r\n").result_int(), 200U);
  EXPECT_EQ(std::get<registry::SetAvailability>(last().operation).if_version, 7U);
  EXPECT_EQ(put("12", "If-None-Match: *\r\n").result_int(), 200U);
  EXPECT_EQ(std::get<registry::SetAvailability>(last().operation).if_version, 0U);
}

TEST_F(WritesTest, EveryFormOfAConditionReachesTheReplicaAsItIsMeant) {
  using registry::Precondition;
  const auto condition = [this](std::string_view headers) {
    EXPECT_EQ(put("12", headers).result_int(), 200U) << headers;
    return std::get<registry::SetAvailability>(last().operation).if_version;
  };
  const std::uint32_t two[] = {7, 9}, seven[] = {7};
  EXPECT_EQ(condition("If-Match: *\r\n"), Precondition::exists());
  EXPECT_EQ(condition("If-Match: \"7\", \"9\"\r\n"), Precondition::one_of(two));
  EXPECT_EQ(condition("If-Match: \"7\"\r\nIf-Match: \"9\"\r\n"), Precondition::one_of(two));
  EXPECT_EQ(condition("If-Match: W/\"7\", \"9\"\r\n"), Precondition(9U)) << "a weak tag matches nothing";
  EXPECT_EQ(condition("If-Match: W/\"7\"\r\n"), Precondition::never());
  EXPECT_EQ(condition("If-Match: \"another's\"\r\n"), Precondition::never());
  EXPECT_EQ(condition("If-Match: \"7.17.0\"\r\n"), Precondition::never()) << "that is the tag of a site";
  EXPECT_EQ(condition("If-Match: \"0\"\r\n"), Precondition::never()) << "nothing has that tag";
  EXPECT_EQ(condition("If-Match: \"7-000c1a57\"\r\n"), Precondition(7U)) << "as the ETag has it";
  EXPECT_EQ(condition("If-Match: \"7-000c1a58\"\r\n"), Precondition::never())
      << "version 7 of another cluster, or of writes that were lost";
  EXPECT_EQ(condition("If-None-Match: \"7-000c1a57\"\r\n"), Precondition::none_of(seven));
  EXPECT_EQ(condition("If-None-Match: W/\"7\"\r\n"), Precondition::none_of(seven));
  EXPECT_EQ(condition("If-Match: \"7\", \"9\"\r\nIf-None-Match: \"7\"\r\n"), Precondition(9U));
  EXPECT_EQ(condition("If-Match: *\r\nIf-None-Match: *\r\n"), Precondition::never());
  EXPECT_EQ(put("12", "If-Match: \"1\",\"2\",\"3\",\"4\",\"5\",\"6\",\"7\",\"8\",\"9\"\r\n").result_int(), 400U);
}

TEST_F(WritesTest, EveryChangeOfASiteOrLineTakesConditions) {
  const std::string elm = "/api/v1/sites/elm", stock = elm + "/stock/208", header = "If-Match: \"7\"\r\n";
  TestClient one = client();
  EXPECT_EQ(one.ask("POST", stock + "/reserve", header, R"({"doses":1})").result_int(), 200U);
  EXPECT_EQ(std::get<registry::Reserve>(last().operation).if_version, 7U);
  EXPECT_EQ(one.ask("POST", stock + "/release", header, R"({"doses":1})").result_int(), 200U);
  EXPECT_EQ(std::get<registry::Release>(last().operation).if_version, 7U);
  EXPECT_EQ(one.ask("POST", stock + "/adjust", header, R"({"by":1})").result_int(), 200U);
  EXPECT_EQ(std::get<registry::Adjust>(last().operation).if_version, 7U);
  EXPECT_EQ(one.ask("PATCH", elm, "If-Match: \"7.17.0.gz\"\r\n", R"({"hours":"9-17"})").result_int(), 200U);
  EXPECT_EQ(std::get<registry::EditSite>(last().operation).if_version, 7U);
  EXPECT_EQ(one.ask("DELETE", elm, "If-None-Match: *\r\n").result_int(), 200U);
  EXPECT_EQ(std::get<registry::CloseSite>(last().operation).if_version, 0U);
}

// They were executed as if there were no condition.
TEST_F(WritesTest, ARequestThatCannotHaveAConditionIsRefusedWithOne) {
  TestClient one = client();
  for (const std::string header : {"If-Match: \"7\"\r\n", "If-None-Match: *\r\n"}) {
    EXPECT_EQ(one.ask("POST", "/api/v1/sites", header, R"({"name":"Elm"})").result_int(), 400U);
    EXPECT_EQ(one.ask("POST", "/api/v1/events/7/undo", header, "{}").result_int(), 400U);
    EXPECT_EQ(one.ask("PUT", "/api/v1/writes", header, R"({"stopped":true})").result_int(), 400U);
    EXPECT_EQ(one.ask("DELETE", "/api/v1/keys/0000000000000abc", header).result_int(), 400U);
  }
  EXPECT_EQ(executed(), 0U);
}

TEST_F(WritesTest, WhoAndWhyGoIntoTheHistory) {
  EXPECT_EQ(put(R"({"availability":12,"reason":"recount"})", "Titer-Actor: desk\r\n").result_int(), 200U);
  EXPECT_EQ(last().actor, "desk");
  EXPECT_EQ(last().reason, "recount");
}

TEST_F(WritesTest, TheSameRequestWithTheSameKeyIsExecutedOnce) {
  const auto first = put("12", "Idempotency-Key: k1\r\n"), again = put("12", "Idempotency-Key: k1\r\n");
  EXPECT_EQ(first.result_int(), 200U);
  EXPECT_EQ(again.body(), first.body());
  EXPECT_EQ(executed(), 1U);
  EXPECT_EQ(last().idempotency_key, "k1");
  EXPECT_NE(put("12", "Idempotency-Key: k2\r\n").body(), first.body());
  EXPECT_EQ(executed(), 2U);
}

TEST_F(WritesTest, AnEmptyKeyIsRefusedBecauseASecondAttemptWouldBeExecutedAgain) {
  EXPECT_EQ(put("12", "Idempotency-Key: \r\n").result_int(), 400U);
  EXPECT_EQ(executed(), 0U);
}

TEST_F(WritesTest, AKeyThatWasSentWithAnotherRequestIsUnprocessable) {
  EXPECT_EQ(put("12", "Idempotency-Key: k1\r\n").result_int(), 200U);
  const TestClient::Answer others[] = {
      put("13", "Idempotency-Key: k1\r\n"), put("12", "Idempotency-Key: k1\r\nIf-Match: \"7\"\r\n"),
      client().ask("PUT", "/api/v1/sites/oak/stock/208", "Idempotency-Key: k1\r\n", "12"),
      client().ask("POST", "/api/v1/sites/elm/stock/208/reserve", "Idempotency-Key: k1\r\n", R"({"doses":12})"),
      client().ask("DELETE", "/api/v1/sites/elm", "Idempotency-Key: k1\r\n")};
  for (const TestClient::Answer& other : others) {
    EXPECT_EQ(other.result_int(), 422U) << other.body();
    EXPECT_EQ(other["Content-Type"], "application/problem+json");
    EXPECT_NE(other.body().find(R"("code":"idempotency_key_reused")"), std::string::npos) << other.body();
  }
  EXPECT_EQ(executed(), 1U);
}

// One of them was answered 504 after ten seconds: each took a connection in the name of the same session.
TEST_F(WritesTest, TwoAtOnceWithTheSameKeyGetTheSameAnswer) {
  constexpr std::string_view kPut =
      "PUT /api/v1/sites/elm/stock/208 HTTP/1.1\r\nHost: test\r\nIdempotency-Key: dbl\r\nContent-Type: "
      "application/json\r\nContent-Length: 2\r\n\r\n12";
  TestClient one = client(), two = client(), pipelined = client();
  one.send(kPut);
  two.send(kPut);
  pipelined.send(std::string(kPut) + std::string(kPut));
  const auto first = one.receive();
  EXPECT_EQ(first.result_int(), 200U);
  EXPECT_EQ(two.receive().body(), first.body());
  EXPECT_EQ(pipelined.receive().body(), first.body());
  EXPECT_EQ(pipelined.receive().body(), first.body());
  EXPECT_EQ(executed(), 1U);
}

TEST_F(WritesTest, WhenNoMoreKeysCanBeRememberedTheClientIsTold) {
  {
    const std::lock_guard lock(mutex_);
    next_.code = Code::kTooMany;
    next_.message = "the memory of idempotency keys is full";
  }
  const auto answer = put("12", "Idempotency-Key: k1\r\n");
  EXPECT_EQ(answer.result_int(), 429U);
  EXPECT_FALSE(answer["Retry-After"].empty());
  EXPECT_EQ(executed(), 1U) << "it is not asked again and again";
}

// The replica cut the connection that all share for it, and it was sent again for ten seconds.
TEST_F(WritesTest, ABodyThatIsTooLongForARequestIsRefusedWithoutHarmToOthers) {
  const std::string longest(300'000, 'x');
  TestClient one = client(), other = client();
  const auto refused = one.ask("POST", "/api/v1/sites", {}, R"({"zip":"02139","name":")" + longest + R"("})");
  EXPECT_EQ(refused.result_int(), 413U) << refused.body();
  EXPECT_EQ(other.ask("PUT", "/api/v1/sites/elm/stock/208", {}, "12").result_int(), 200U);
  EXPECT_EQ(executed(), 1U);
}

TEST_F(WritesTest, ARefusalSaysWhatThereIs) {
  {
    const std::lock_guard lock(mutex_);
    next_.code = Code::kNotEnough;
    next_.message = "only 3 doses are left";
    next_.has_stock = true;
    next_.before = next_.after = Availability::of(3);
    next_.stock_version = 4;
  }
  const auto answer = client().ask("POST", "/api/v1/sites/elm/stock/208/reserve", {}, R"({"doses":5})");
  EXPECT_EQ(answer.result_int(), 409U);
  for (const char* part : {R"("code":"not_enough")", R"("current":3)", R"("stock_version":4)"})
    EXPECT_NE(answer.body().find(part), std::string::npos) << answer.body();
  EXPECT_EQ(std::get<registry::Reserve>(last().operation).doses, 5U);
}

TEST_F(WritesTest, ANewSiteIsAnsweredWithItsAddress) {
  {
    const std::lock_guard lock(mutex_);
    next_.created = true;
  }
  const auto answer = client().ask("POST", "/api/v1/sites", {},
                                   R"({"name":"Elm","zip":"02139","lat":42.5,"lon":-71,"external_ids":[["npi","1"]],
                                       "stock":[{"product":"208","availability":true}]})");
  EXPECT_EQ(answer.result_int(), 201U) << answer.body();
  EXPECT_EQ(answer["Location"], "/api/v1/sites/elm");
  const registry::Request request = last();
  const auto& add = std::get<registry::AddSite>(request.operation);
  EXPECT_EQ(add.fields.name, "Elm");
  EXPECT_EQ(add.fields.lon, -71.0);
  EXPECT_EQ(add.stock->availability, Availability::yes());
}

TEST_F(WritesTest, ManyAtOnceAreEachAnsweredOnce) {
  TestClient one = client();
  std::string many;
  for (int i = 0; i < 500; ++i)
    many +=
        "PUT /api/v1/sites/elm/stock/208 HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: "
        "2\r\n\r\n12";
  one.send(many);
  for (int i = 0; i < 500; ++i) ASSERT_EQ(one.receive().result_int(), 200U) << i;
  EXPECT_EQ(executed(), 500U);
}

}  // namespace
}  // namespace titer::api
