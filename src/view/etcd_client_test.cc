// SPDX-License-Identifier: Apache-2.0

// The client against answers that no etcd would give, and those of several. What the register makes of it:
// etcd_register_test.cc.
#include "view/etcd_client.h"

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <vector>

#include "net/testing/test_authority.h"
#include "view/testing/fake_etcd.h"

namespace titer::view {
namespace {

class EtcdClientTest : public ::testing::Test {
 protected:
  void open(EtcdOptions options = {}) {
    if (options.endpoints.empty()) options.endpoints = {etcd_.endpoint()};
    client_ = std::make_unique<EtcdClient>(loop_.context(), std::move(options));
  }
  [[nodiscard]] bool until(const std::function<bool()>& done) {
    return loop_.run_until(BootTime(net::boot_now().value + 20'000'000), done);
  }
  void turns(unsigned number) {
    for (unsigned i = 0; i < number; ++i) {
      loop_.wake_at(net::boot_now());
      (void)until([n = 0]() mutable { return ++n > 1; });
    }
  }
  [[nodiscard]] Result<CellState> get() {
    std::optional<Result<CellState>> answer;
    client_->get("/key", [&](Result<CellState> state) { answer.emplace(std::move(state)); });
    EXPECT_TRUE(until([&] { return answer.has_value(); }));
    return answer ? std::move(*answer) : Error{};
  }
  [[nodiscard]] Status try_write() {
    std::optional<Status> answer;
    client_->try_write("/key", [&](const Status& done) { answer = done; });
    EXPECT_TRUE(until([&] { return answer.has_value(); }));
    return answer.value_or(Error{});
  }
  void watch(std::int64_t from) {
    client_->watch(
        "/key", from,
        [this](const CellState& state) { changes_.push_back(state.value ? state.value->text : "gone"); },
        [this](const Error& why) { ended_ = why.message; });
  }

  net::Loop loop_;
  FakeEtcd etcd_{loop_};
  std::unique_ptr<EtcdClient> client_;
  std::vector<std::string> changes_;
  std::optional<std::string> ended_;
};

TEST_F(EtcdClientTest, a_key_is_read_replaced_and_watched) {
  open();
  EXPECT_FALSE(get()->value.has_value());
  const std::string text = std::string("any bytes \0 \xff", 13);
  std::optional<bool> replaced;
  client_->replace("/key", 0, text, [&](const Result<bool>& done) { replaced = done && *done; });
  ASSERT_TRUE(until([&] { return replaced.has_value(); }));
  EXPECT_TRUE(*replaced);
  const auto state = get();
  ASSERT_TRUE(state.ok() && state->value.has_value());
  EXPECT_EQ(state->value->text, text);
  EXPECT_EQ(state->etcd, 0xabcU);
  watch(state->revision + 1);
  ASSERT_TRUE(until([&] { return etcd_.watches == 1; }));
  etcd_.put("second");
  etcd_.put("third");
  etcd_.remove();
  ASSERT_TRUE(until([&] { return changes_.size() == 3; }));
  EXPECT_EQ(changes_, (std::vector<std::string>{"second", "third", "gone"}));
  client_->replace("/key", 1, text, [&](const Result<bool>& done) { replaced = done && *done; });
  ASSERT_TRUE(until([&] { return etcd_.transactions == 2; }));
}

TEST_F(EtcdClientTest, what_is_no_answer_of_etcds_is_unreachable) {
  open();
  const std::string header = R"("header":{"cluster_id":"1","revision":"2"})";
  for (const std::string& given :
       {std::string(), std::string("nothing"), std::string("[]"), std::string("{}"), std::string(100'000, '['),
        "{" + header + R"(,"kvs":[{"mod_revision":"1","value":"Zg"}]})",
        "{" + header + R"(,"kvs":[{"mod_revision":"1","value":" Zm9v"}]})"}) {
    etcd_.gives = given;
    const auto state = get();
    ASSERT_FALSE(state.ok()) << given;
    EXPECT_EQ(state.error().code, Code::kUnreachable) << given;
  }
}

TEST_F(EtcdClientTest, a_watch_ends_with_the_first_line_that_is_no_change) {
  FakeHttp server(loop_, [](const FakeHttp::PeerPtr& peer, const FakeHttp::Request&) {
    FakeHttp::send(peer,
                   "HTTP/1.1 200 OK\r\n\r\n{\"result\":{\"events\":[{\"kv\":{\"value\":\"Zm9v\"}}]}}\n"
                   "{\"result\":{\"events\":[{\"kv\":{\"value\":\"Zm9\"}}]}}\n"
                   "{\"result\":{\"events\":[{\"kv\":{\"value\":\"Zm9v\"}}]}}\n");
  });
  EtcdOptions options;
  options.endpoints = {server.endpoint()};
  open(options);
  watch(1);
  ASSERT_TRUE(until([&] { return ended_.has_value(); }));
  EXPECT_EQ(changes_, std::vector<std::string>{"foo"});
  EXPECT_TRUE(says(*ended_, "not base64")) << *ended_;
}

TEST_F(EtcdClientTest, a_watch_that_is_refused_says_why) {
  FakeHttp server(loop_, [](const FakeHttp::PeerPtr& peer, const FakeHttp::Request&) {
    FakeHttp::answer(peer, 403, R"({"error":"etcdserver: permission denied","code":7})");
  });
  EtcdOptions options;
  options.endpoints = {server.endpoint()};
  open(options);
  watch(1);
  ASSERT_TRUE(until([&] { return ended_.has_value(); }));
  EXPECT_TRUE(says(*ended_, "permission denied")) << *ended_;
}

TEST_F(EtcdClientTest, a_token_that_would_end_its_line_is_not_sent) {
  std::vector<FakeHttp::Request> requests;
  FakeHttp server(loop_, [&](const FakeHttp::PeerPtr& peer, const FakeHttp::Request& request) {
    requests.push_back(request);
    FakeHttp::answer(peer, 200, R"({"token":"t\r\nContent-Length: 0"})");
  });
  EtcdOptions options;
  options.endpoints = {server.endpoint()};
  options.user = "titer";
  options.password = [] { return std::string("titer"); };
  open(options);
  const auto state = get();
  ASSERT_FALSE(state.ok());
  EXPECT_TRUE(says(state.error().message, "token")) << state.error().message;
  EXPECT_EQ(requests.size(), 1U);
}

TEST_F(EtcdClientTest, a_wrong_password_is_told_and_is_no_failure_of_the_endpoint) {
  etcd_.password = "secret";
  EtcdOptions options;
  options.user = "titer";
  options.password = [] { return std::string("guess"); };
  open(options);
  const auto state = get();
  ASSERT_FALSE(state.ok());
  EXPECT_EQ(state.error().code, Code::kInvalid);
  EXPECT_TRUE(says(state.error().message, "authentication failed")) << state.error().message;
}

// As etcd 3.4 to 3.6 say it of a JWT that is older than the last change of a user, and of tokens that have ended.
TEST_F(EtcdClientTest, whatever_says_that_a_token_is_over_gets_a_new_one_and_the_question_is_repeated) {
  etcd_.password = "secret";
  EtcdOptions options;
  options.user = "titer";
  options.password = [] { return std::string("secret"); };
  open(options);
  ASSERT_TRUE(get().ok());
  for (
      const char* refusal :
      {R"({"error":"etcdserver: revision of auth store is old","message":"etcdserver: revision of auth store is old","code":3})",
       R"({"error":"auth: revision in header is old","code":2})",
       R"({"code":3,"message":"etcdserver: revision of auth store is old","details":[]})",
       R"({"error":"etcdserver: invalid auth token","code":16})"}) {
    etcd_.refuses_tokens = refusal;
    etcd_.forget_tokens();
    EXPECT_TRUE(get().ok()) << refusal;
    etcd_.forget_tokens();
    EXPECT_TRUE(try_write().ok()) << refusal;
  }
  EXPECT_EQ(etcd_.authentications, 9U);
  EXPECT_EQ(etcd_.http.connections, 1U);
}

TEST_F(EtcdClientTest, a_changed_password_is_read_again_when_a_token_is_needed) {
  etcd_.password = "first";
  std::string file = "first";
  EtcdOptions options;
  options.user = "titer";
  options.password = [&]() -> Result<std::string> {
    if (file.empty()) return Error{Code::kInvalid, "cannot read the password"};
    return file;
  };
  open(options);
  ASSERT_TRUE(get().ok());
  etcd_.password = "second";
  etcd_.forget_tokens();
  EXPECT_TRUE(says(get().error().message, "authentication failed"));
  file = "";
  EXPECT_TRUE(says(get().error().message, "cannot read the password"));
  file = "second";
  EXPECT_TRUE(get().ok());
}

TEST_F(EtcdClientTest, an_etcd_without_space_is_read_and_refuses_writes_with_advice) {
  etcd_.full = true;
  open();
  EXPECT_TRUE(get().ok());
  const Status refused = try_write();
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, Code::kInvalid);
  EXPECT_TRUE(says(refused.error().message, "database space exceeded")) << refused.error().message;
  EXPECT_TRUE(says(refused.error().message, "defragment")) << refused.error().message;
  etcd_.full = false;
  EXPECT_TRUE(try_write().ok());
  EXPECT_EQ(etcd_.transactions, 0U);
  EXPECT_EQ(etcd_.http.connections, 1U);
}

TEST_F(EtcdClientTest, an_endpoint_that_is_no_etcd_is_passed_over) {
  for (const unsigned status : {200U, 404U, 502U}) {
    FakeHttp other(loop_, [&](const FakeHttp::PeerPtr& peer, const FakeHttp::Request&) {
      FakeHttp::answer(peer, status, "<html>");
    });
    EtcdOptions options;
    options.endpoints = {other.endpoint(), etcd_.endpoint()};
    open(options);
    const auto refused = get();
    ASSERT_FALSE(refused.ok());
    EXPECT_EQ(refused.error().code, Code::kUnreachable) << refused.error().message;
    EXPECT_TRUE(says(refused.error().message, other.endpoint().text())) << refused.error().message;
    EXPECT_TRUE(get().ok());
  }
}

TEST_F(EtcdClientTest, a_connection_that_ended_between_two_questions_costs_nothing) {
  open();
  ASSERT_TRUE(get().ok());
  etcd_.http.close_all();
  turns(3);
  EXPECT_TRUE(get().ok());
  EXPECT_EQ(etcd_.http.connections, 2U);
}

TEST_F(EtcdClientTest, one_that_shows_the_wrong_name_is_passed_over) {
  const net::TestAuthority files;
  files.certify("elsewhere", files.authority(), {"10.0.0.1"}, net::kNow);
  FakeEtcd wrong(loop_, files.tls("elsewhere")), right(loop_, files.tls("one"));
  EtcdOptions options;
  options.endpoints = {wrong.endpoint(), right.endpoint()};
  options.tls = files.tls("");
  open(options);
  const auto refused = get();
  ASSERT_FALSE(refused.ok());
  EXPECT_TRUE(says(refused.error().message, "not for 127.0.0.1 but for 10.0.0.1")) << refused.error().message;
  EXPECT_TRUE(get().ok());
  EXPECT_EQ(client_->endpoint(), right.endpoint().text());
  EXPECT_EQ(wrong.ranges, 0U);
}

TEST_F(EtcdClientTest, nothing_is_told_after_it_is_gone) {
  for (unsigned after = 0; after < 20; ++after) {
    open();
    client_->get("/key", [&](const Result<CellState>&) { client_.reset(); });
    watch(0);
    ended_.reset();
    turns(after);
    client_.reset();
    changes_.clear();
    etcd_.put("new");
    turns(2);
    EXPECT_TRUE(changes_.empty());
    EXPECT_FALSE(ended_.has_value());
  }
}

}  // namespace
}  // namespace titer::view
