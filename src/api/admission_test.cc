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
 public:
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

TEST_F(Guarded, the_scheme_is_bearer_in_any_case) {
  server.start();
  TestClient client = server.client();
  for (const std::string_view scheme : {"bearer ", "BEARER ", "bEaReR "})
    EXPECT_EQ(
        client.ask("GET", "/api/v1/writes", "Authorization: " + std::string(scheme) + kKey + "\r\n").result_int(),
        200U);
  EXPECT_EQ(asked_as, 0xABCU);
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

TEST_F(Guarded, a_key_that_counts_no_more_is_worse_than_none) {
  server.replica.on_query = [](const registry::Query& query, wire::QueryAnswer& answer, Bytes&) {
    if (std::holds_alternative<registry::CheckAct>(query)) answer_with(Code::kUnauthorized, "revoked", answer);
  };
  server.start();
  TestClient client = server.client();
  for (const std::string_view path : {"/api/v1/export", "/api/v1/smart/$bulk-publish", "/find?zip=02139",
                                      "/api/v1/imports", "/api/v1/smart/nothing/here"})
    EXPECT_EQ(client.ask("GET", path, kShown).result_int(), 401U) << path;
}

// --- behind a proxy

class BehindProxy : public testing::Test {
 public:
  BehindProxy() {
    server.setup.rates.per_address = {1, true};
    server.setup.remote_writes_need_key = true;
    server.replica.on_request = [](SessionId, RequestNumber, ByteView) { return registry::Outcome{}; };
  }
  void trust(std::string_view network) { server.setup.trusted_proxies = {net::Network::parse(network).value()}; }
  unsigned status(TestClient& client, const std::string& headers) {
    return client.ask("GET", "/api/v1/imports", headers).result_int();
  }
  // How many of ten requests at once are answered.
  unsigned answered(TestClient& client, const std::string& headers) {
    unsigned n = 0;
    for (int i = 0; i < 10; ++i) n += status(client, headers) == 200U ? 1 : 0;
    return n;
  }
  TestServer server;
};

TEST_F(BehindProxy, each_client_of_a_trusted_proxy_is_counted_for_itself) {
  trust("127.0.0.0/8");
  server.start();
  TestClient client = server.client();
  EXPECT_LT(answered(client, "X-Forwarded-For: 203.0.113.1\r\n"), 10U);
  EXPECT_EQ(status(client, "X-Forwarded-For: 203.0.113.2\r\n"), 200U);
  EXPECT_EQ(status(client, "X-Forwarded-For: 203.0.113.3, 203.0.113.1\r\n"), 429U)
      << "an invented hop changes nothing";
}

TEST_F(BehindProxy, nobody_else_is_believed) {
  trust("192.0.2.1");
  server.start();
  TestClient client = server.client();
  EXPECT_LT(answered(client, "X-Forwarded-For: 203.0.113.1\r\n"), 10U);
  EXPECT_EQ(status(client, "X-Forwarded-For: 203.0.113.2\r\n"), 429U);
  EXPECT_EQ(status(client, "Forwarded: for=203.0.113.2\r\n"), 429U);
}

TEST_F(BehindProxy, on_this_machine_its_clients_are_not_on_this_machine) {
  trust("127.0.0.0/8");
  server.start();
  TestClient client = server.client();
  for (const std::string_view headers : {"X-Forwarded-For: 203.0.113.1\r\n", "X-Forwarded-For: 127.0.0.1\r\n", ""})
    EXPECT_EQ(client.ask("PUT", "/api/v1/writes", std::string(headers), R"({"stopped":true})").result_int(), 401U)
        << headers;
}

TEST_F(BehindProxy, without_one_this_machine_is_this_machine) {
  server.start();
  EXPECT_EQ(server.client().ask("PUT", "/api/v1/writes", "", R"({"stopped":true})").result_int(), 200U);
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
