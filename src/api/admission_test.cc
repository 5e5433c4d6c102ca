// SPDX-License-Identifier: Apache-2.0

// Which keys are accepted, how often they may ask, and what the guard asks the replica.
#include <gtest/gtest.h>

#include <atomic>

#include "api/testing.h"

namespace titer::api {
namespace {

const std::string kKey = "titer_0000000000000abc_" + std::string(64, 'a');
const std::string kOtherSecret = "titer_0000000000000abc_" + std::string(64, 'b');
const std::string kShown = "Authorization: Bearer " + kKey + "\r\n";

// A replica that knows one key, of somebody who may not give admin commands.
class Guarded : public testing::Test {
 protected:
  Guarded() {
    server.replica.on_query = [this](const registry::Query& query, wire::QueryAnswer& answer, Bytes& buffer) {
      if (const auto* check = std::get_if<registry::CheckKey>(&query)) {
        ++introductions;
        if (check->secret != wire::hash_secret(std::string(64, 'a')))
          answer_with(Code::kUnauthorized, "not known", answer);
      } else if (std::holds_alternative<registry::CheckAct>(query)) {
        ++leaves;
        answer_with(Code::kForbidden, "not you", answer);
      } else {
        asked_as = server.replica.asked_as.value;
        ByteWriter out(buffer);
        out.u8(0);
        wire::encode_switch(out, {});
        answer.body = buffer;
      }
    };
  }
  TestServer server;
  std::atomic<int> introductions = 0, leaves = 0;
  std::atomic<std::uint64_t> asked_as = 1;
};

TEST_F(Guarded, a_key_is_asked_about_once_and_its_questions_are_its_own) {
  server.start();
  TestClient client = server.client();
  for (int i = 0; i < 3; ++i) EXPECT_EQ(client.ask("GET", "/api/v1/writes", kShown).result_int(), 200U);
  EXPECT_EQ(introductions, 1);
  EXPECT_EQ(asked_as, 0xABCU);
  EXPECT_EQ(client.ask("GET", "/api/v1/writes").result_int(), 200U);
  EXPECT_EQ(asked_as, registry::kNoKey.value) << "the connection is not the key's";
}

TEST_F(Guarded, what_is_no_key_or_another_secret_is_401) {
  server.start();
  TestClient client = server.client();
  (void)client.ask("GET", "/api/v1/writes", kShown);
  for (const std::string& shown : {"Bearer " + kOtherSecret, std::string("Bearer titer_"), "Basic " + kKey}) {
    const auto answer = client.ask("GET", "/api/v1/writes", "Authorization: " + shown + "\r\n");
    EXPECT_EQ(answer.result_int(), 401U);
    EXPECT_EQ(answer["WWW-Authenticate"], "Bearer realm=\"titer\"");
  }
}

TEST_F(Guarded, the_scheme_of_a_key_has_no_case) {
  server.start();
  EXPECT_EQ(server.client().ask("GET", "/api/v1/writes", "Authorization: bearer " + kKey + "\r\n").result_int(),
            200U);
}

TEST_F(Guarded, orders_and_streams_need_leave_before_anything_is_done) {
  server.start();
  TestClient client = server.client();
  EXPECT_EQ(client.ask("GET", "/api/v1/trace", kShown).result_int(), 403U);
  EXPECT_EQ(client.ask("POST", "/api/v1/import", kShown, "x").result_int(), 403U);
  EXPECT_EQ(leaves, 2);
}

TEST_F(Guarded, a_write_carries_its_key) {
  registry::KeyId named;
  server.replica.on_request = [&](SessionId, RequestNumber, ByteView body) {
    named = wire::request_key(body);
    return registry::Outcome{};
  };
  server.start();
  TestClient client = server.client();
  EXPECT_EQ(client.ask("PUT", "/api/v1/writes", kShown, R"({"stopped":true})").result_int(), 200U);
  EXPECT_EQ(named, registry::KeyId(0xABC));
}

}  // namespace
}  // namespace titer::api
