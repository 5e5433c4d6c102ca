// SPDX-License-Identifier: Apache-2.0

// The channel against a server that answers as the test wants. Beside it: response_parser_test.cc, for the bytes alone.
#include "view/http_channel.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "net/sockets.h"
#include "net/testing/test_authority.h"
#include "view/response_parser.h"
#include "view/testing/fake_http.h"

namespace titer::view {
namespace {

class HttpChannelTest : public ::testing::Test {
 protected:
  // A server that remembers what it is asked; how it answers is for the test to say.
  void serve(std::shared_ptr<const net::Tls> tls = nullptr) {
    server_ = std::make_unique<FakeHttp>(
        loop_,
        [this](const FakeHttp::PeerPtr& peer, const FakeHttp::Request& request) {
          requests_.push_back(request);
          peers_.push_back(peer);
        },
        std::move(tls));
  }
  void open(std::shared_ptr<const net::Tls> tls = nullptr) { open(server_->endpoint(), std::move(tls)); }
  void open(HttpEndpoint endpoint, std::shared_ptr<const net::Tls> tls = nullptr) {
    channel_ = std::make_shared<HttpChannel>(loop_.context(), std::move(endpoint), std::move(tls));
  }
  ~HttpChannelTest() override {
    if (channel_) channel_->close();
  }
  void post(const std::string& body = "{}") {
    ended_.reset();
    channel_->post({"/v3/kv/range", body, "token"},
                   [this](const Result<HttpChannel::Reply>& reply) { end(reply); });
    EXPECT_FALSE(ended_.has_value());
  }
  void follow() {
    channel_->follow(
        {"/v3/watch", "{}", {}}, [this](std::string_view line) { lines_.emplace_back(line); },
        [this](const Result<HttpChannel::Reply>& reply) { end(reply); });
  }
  void end(const Result<HttpChannel::Reply>& reply) {
    EXPECT_FALSE(ended_.has_value());
    ended_ = reply ? std::to_string(reply->status) + " " + reply->body : reply.error().message;
    if (!reply) code_ = reply.error().code;
  }
  [[nodiscard]] bool until(const std::function<bool()>& done) {
    return loop_.run_until(BootTime(net::boot_now().value + 20'000'000), done);
  }
  [[nodiscard]] bool asked(std::size_t times) {
    return until([&] { return requests_.size() == times; });
  }
  // The reply, or the reason why there is none.
  [[nodiscard]] std::string ended() {
    EXPECT_TRUE(until([&] { return ended_.has_value(); }));
    return ended_.value_or("nothing");
  }
  void send(std::string_view bytes) { FakeHttp::send(peers_.back(), bytes); }
  // Both sides have done what they can.
  void turn() {
    for (int i = 0; i < 4; ++i) {  // each of them may need two
      loop_.wake_at(net::boot_now());
      (void)until([n = 0]() mutable { return ++n > 1; });
    }
  }

  net::Loop loop_;
  std::unique_ptr<FakeHttp> server_;
  std::vector<FakeHttp::Request> requests_;
  std::vector<FakeHttp::PeerPtr> peers_;
  std::shared_ptr<HttpChannel> channel_;
  std::optional<std::string> ended_;
  Code code_ = Code::kOk;
  std::vector<std::string> lines_;
};

TEST_F(HttpChannelTest, requests_go_out_whole_and_one_connection_serves_them_all) {
  serve();
  open();
  const std::string big(3 << 20, 'x');
  for (std::size_t i = 1; i <= 3; ++i) {
    post(big + std::to_string(i));
    ASSERT_TRUE(asked(i));
    EXPECT_EQ(requests_.back().target, "/v3/kv/range");
    EXPECT_EQ(requests_.back().authorization, "token");
    EXPECT_EQ(requests_.back().body, big + std::to_string(i));
    FakeHttp::answer(peers_.back(), 200 + static_cast<unsigned>(i), "answer " + std::to_string(i));
    EXPECT_EQ(ended(), std::to_string(200 + i) + " answer " + std::to_string(i));
  }
  EXPECT_TRUE(channel_->open());
  EXPECT_EQ(server_->connections, 1U);
}

TEST_F(HttpChannelTest, a_response_that_comes_byte_by_byte_is_read) {
  serve();
  open();
  post();
  ASSERT_TRUE(asked(1));
  for (const char c :
       std::string_view("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nyes\r\n0\r\n\r\n")) {
    EXPECT_FALSE(ended_.has_value());
    send({&c, 1});
    turn();
  }
  EXPECT_EQ(ended(), "200 yes");
  EXPECT_TRUE(channel_->open());
}

TEST_F(HttpChannelTest, a_response_without_a_length_ends_with_its_connection) {
  serve();
  open();
  post();
  ASSERT_TRUE(asked(1));
  send("HTTP/1.1 200 OK\r\n\r\nas long as it lasts");
  FakeHttp::close(peers_.back());
  EXPECT_EQ(ended(), "200 as long as it lasts");
  EXPECT_FALSE(channel_->open());
}

TEST_F(HttpChannelTest, a_connection_that_is_to_be_closed_is_not_used_again) {
  serve();
  open();
  post();
  ASSERT_TRUE(asked(1));
  send("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok");
  EXPECT_EQ(ended(), "200 ok");
  EXPECT_FALSE(channel_->open());
}

TEST_F(HttpChannelTest, a_connection_that_ends_in_the_middle_of_a_response_gives_no_reply) {
  serve();
  const std::string response = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";
  for (std::size_t size = 0; size < response.size(); ++size) {
    open();
    post();
    ASSERT_TRUE(asked(size + 1));
    send(std::string_view(response).substr(0, size));
    FakeHttp::close(peers_.back());
    EXPECT_TRUE(says(ended(), "in the middle of a response")) << *ended_;
    EXPECT_TRUE(says(ended(), server_->endpoint().text())) << *ended_;
    EXPECT_EQ(code_, Code::kUnreachable);
    EXPECT_FALSE(channel_->open());
  }
}

TEST_F(HttpChannelTest, an_oversized_response_is_refused) {
  serve();
  open();
  post();
  ASSERT_TRUE(asked(1));
  send("HTTP/1.1 200 OK\r\nContent-Length: 999999999\r\n\r\n");
  EXPECT_TRUE(says(ended(), "its response is too long")) << *ended_;
  open();
  post();
  ASSERT_TRUE(asked(2));
  send("HTTP/1.1 200 OK\r\n\r\n" + std::string(ResponseParser::kBodyBytesMax + 1, 'x'));
  EXPECT_TRUE(says(ended(), "its response is too long")) << *ended_;
  open();
  post();
  ASSERT_TRUE(asked(3));
  send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1;" + std::string(1 << 20, 'x'));
  EXPECT_TRUE(says(ended(), "has no end")) << *ended_;
}

TEST_F(HttpChannelTest, who_does_not_answer_is_given_up_in_time) {
  serve();
  open();
  post();
  ASSERT_TRUE(asked(1));
  send("HTTP/1.1 200 OK\r\n");
  EXPECT_TRUE(says(ended(), "no answer within its time")) << *ended_;
}

TEST_F(HttpChannelTest, what_nobody_asked_for_ends_the_connection_before_it_can_be_taken_for_an_answer) {
  serve();
  for (const bool at_once : {true, false}) {
    open();
    post();
    ASSERT_TRUE(asked(at_once ? 1 : 2));
    const std::string more = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nwrong";
    send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok" + (at_once ? more : ""));
    EXPECT_EQ(ended(), "200 ok");
    if (!at_once) send(more);
    EXPECT_TRUE(until([&] { return !channel_->open(); }));
  }
}

TEST_F(HttpChannelTest, a_server_that_goes_between_two_requests_is_noticed) {
  serve();
  open();
  post();
  ASSERT_TRUE(asked(1));
  FakeHttp::answer(peers_.back(), 200, "ok");
  EXPECT_EQ(ended(), "200 ok");
  FakeHttp::close(peers_.back());
  EXPECT_TRUE(until([&] { return !channel_->open(); }));
}

TEST_F(HttpChannelTest, a_response_that_goes_on_is_given_line_by_line_as_it_comes) {
  serve();
  open();
  follow();
  ASSERT_TRUE(asked(1));
  send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
  for (const char c : std::string_view("4\r\none\n\r\n1\r\n\n\r\n6\r\ntwo\nth\r\n4\r\nree\n\r\n")) {
    send({&c, 1});
    turn();
  }
  EXPECT_EQ(lines_, (std::vector<std::string>{"one", "two", "three"}));
  EXPECT_FALSE(ended_.has_value());
  send("6\r\n\nfour\n\r\n0\r\n\r\n");
  EXPECT_EQ(ended(), "200 ");
  EXPECT_EQ(lines_.back(), "four");
}

TEST_F(HttpChannelTest, lines_may_come_long_after_the_time_for_an_answer) {
  serve();
  open();
  follow();
  ASSERT_TRUE(asked(1));
  send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
  const BootTime later(net::boot_now().value + 3'500'000);
  EXPECT_FALSE(loop_.run_until(later, [&] { return ended_.has_value(); }));
  send("4\r\none\n\r\n");
  EXPECT_TRUE(until([&] { return lines_.size() == 1; }));
}

TEST_F(HttpChannelTest, a_line_without_an_end_is_refused) {
  serve();
  open();
  follow();
  ASSERT_TRUE(asked(1));
  send("HTTP/1.1 200 OK\r\n\r\nshort\n" + std::string(ResponseParser::kBodyBytesMax + 1, 'x'));
  EXPECT_TRUE(says(ended(), "too long")) << *ended_;
  EXPECT_EQ(lines_.size(), 1U);
}

TEST_F(HttpChannelTest, what_is_refused_is_no_line) {
  serve();
  open();
  follow();
  ASSERT_TRUE(asked(1));
  FakeHttp::answer(peers_.back(), 401, "not\nyou\n");
  EXPECT_EQ(ended(), "401 not\nyou\n");
  EXPECT_TRUE(lines_.empty());
}

TEST_F(HttpChannelTest, after_close_nothing_is_told) {
  serve();
  for (unsigned after = 0; after < 20; ++after) {
    open();
    ended_.reset();
    follow();
    for (unsigned i = 0; i < after; ++i) turn();
    channel_->close();
    channel_.reset();
    turn();
    EXPECT_FALSE(ended_.has_value());
  }
  open();
  channel_->follow(
      {"/v3/watch", "{}", {}},
      [this](std::string_view line) {
        lines_.emplace_back(line);
        channel_->close();
      },
      [this](const Result<HttpChannel::Reply>& reply) { end(reply); });
  const std::size_t before = requests_.size();
  ASSERT_TRUE(until([&] { return requests_.size() > before; }));
  send("HTTP/1.1 200 OK\r\n\r\none\ntwo\n");
  EXPECT_TRUE(until([&] { return !lines_.empty(); }));
  turn();
  EXPECT_EQ(lines_, std::vector<std::string>{"one"});
  EXPECT_FALSE(ended_.has_value());
}

TEST_F(HttpChannelTest, where_nobody_listens_the_reason_says_so) {
  serve();
  open();
  server_.reset();
  post();
  EXPECT_TRUE(says(ended(), "Connection refused")) << *ended_;
  EXPECT_EQ(code_, Code::kUnreachable);
}

// What of a request has not gone out yet must not be followed by another one.
TEST_F(HttpChannelTest, an_answer_before_the_request_was_read_ends_the_connection) {
  std::vector<net::Stream> streams;
  auto listener = net::Listener::open(loop_.context(), {"127.0.0.1", 0}, [&](net::Stream stream) {
    boost::system::error_code ignored;
    stream.send(boost::asio::buffer(std::string_view("HTTP/1.1 413 no\r\nContent-Length: 2\r\n\r\nno")), ignored);
    streams.push_back(std::move(stream));
  });
  ASSERT_TRUE(listener.ok());
  open({"127.0.0.1", (*listener)->port(), false});
  post(std::string(64 << 20, 'x'));
  EXPECT_EQ(ended(), "413 no");
  EXPECT_FALSE(channel_->open());
}

// --- under TLS

class HttpChannelTlsTest : public HttpChannelTest, protected net::TestAuthority {
 protected:
  // What becomes of a question to `host` under TLS.
  [[nodiscard]] std::string asked_of(const std::string& host, std::shared_ptr<const net::Tls> client) {
    HttpEndpoint endpoint = server_->endpoint();
    endpoint.host = host;
    open(endpoint, std::move(client));
    const std::size_t before = requests_.size();
    post();
    EXPECT_TRUE(until([&] { return ended_ || requests_.size() > before; }));
    if (requests_.size() > before) FakeHttp::answer(peers_.back(), 200, "ok");
    return ended();
  }
};

TEST_F(HttpChannelTlsTest, the_name_or_address_that_was_asked_for_is_proved) {
  certify("both", authority(), {"127.0.0.1", "localhost"}, net::kNow);
  serve(tls("both"));
  EXPECT_EQ(asked_of("127.0.0.1", tls("one")), "200 ok");
  EXPECT_EQ(asked_of("localhost", tls("")), "200 ok");
}

TEST_F(HttpChannelTlsTest, a_server_with_the_wrong_name_is_refused_and_hears_no_request) {
  certify("elsewhere", authority(), {"127.0.0.2", "etcd.example"}, net::kNow);
  serve(tls("elsewhere"));
  EXPECT_TRUE(says(asked_of("127.0.0.1", tls("")), "not for 127.0.0.1 but for 127.0.0.2, etcd.example")) << *ended_;
  EXPECT_TRUE(says(asked_of("localhost", tls("")), "not for localhost but for")) << *ended_;
  EXPECT_EQ(code_, Code::kUnreachable);
  EXPECT_TRUE(requests_.empty());
}

TEST_F(HttpChannelTlsTest, a_server_of_another_authority_is_refused) {
  const net::Certificate other = net::make_authority("theirs", net::kNow).value();
  certify("theirs", other, {"127.0.0.1"}, net::kNow);
  serve(tls("theirs"));
  EXPECT_TRUE(says(asked_of("127.0.0.1", tls("")), "another authority")) << *ended_;
  EXPECT_TRUE(requests_.empty());
}

TEST_F(HttpChannelTlsTest, without_an_authority_nobody_is_asked) {
  serve(tls("one"));
  EXPECT_TRUE(says(asked_of("127.0.0.1", nullptr), "no authority to believe it by")) << *ended_;
  EXPECT_EQ(code_, Code::kInvalid);
  EXPECT_EQ(server_->connections, 0U);
}

TEST_F(HttpChannelTlsTest, a_server_that_speaks_plain_is_refused_with_a_hint) {
  std::vector<net::Stream> streams;
  const auto listener =
      net::Listener::open(loop_.context(), {"127.0.0.1", 0}, [&](net::Stream stream) {
        boost::system::error_code ignored;
        stream.send(boost::asio::buffer(std::string_view("HTTP/1.1 400 Bad Request\r\n\r\n")), ignored);
        streams.push_back(std::move(stream));
      }).value();
  open({"127.0.0.1", listener->port(), true}, tls(""));
  post();
  EXPECT_TRUE(says(ended(), "does not speak TLS") && says(ended(), "http://")) << *ended_;
}

TEST_F(HttpChannelTlsTest, big_answers_and_lines_come_through) {
  serve(tls("one"));
  open(tls(""));
  const std::string big(ResponseParser::kBodyBytesMax, 'x');
  post(big);
  ASSERT_TRUE(asked(1));
  EXPECT_EQ(requests_.back().body, big);
  FakeHttp::answer(peers_.back(), 200, big);
  EXPECT_EQ(ended(), "200 " + big);
  ended_.reset();
  follow();
  ASSERT_TRUE(asked(2));
  EXPECT_EQ(server_->connections, 1U);
  send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\none\n\r\n");
  EXPECT_TRUE(until([&] { return lines_.size() == 1; }));
}

// --- endpoints

TEST(HttpEndpoint, what_people_write_is_read_and_printed) {
  const std::pair<const char*, const char*> examples[] = {
      {"http://10.0.0.1:2379", "http://10.0.0.1:2379"},
      {"https://etcd.example:2379/", "https://etcd.example:2379"},
      {"10.0.0.1:2379", "http://10.0.0.1:2379"},
      {"https://[::1]:2379", "https://[::1]:2379"}};
  for (const auto& [text, printed] : examples) {
    const auto endpoint = parse_http_endpoint(text);
    ASSERT_TRUE(endpoint.ok()) << text;
    EXPECT_EQ(endpoint->text(), printed);
  }
  EXPECT_EQ(parse_http_endpoint("https://[::1]:2379")->host, "::1");
}

TEST(HttpEndpoint, what_is_none_is_refused) {
  for (const char* text : {"", "http://", "http://10.0.0.1", "2379", ":2379", "http://:2379", "http://host:port",
                           "http://host:0", "http://host:65536", "http://host:99999999999999999999",
                           "ftp://host:21", "http://host:2379/v3", "http://a b:2379", "http://a\r\nX: y:2379",
                           "unix:/tmp/etcd", "http://user@host:2379", "http://unix:/tmp:80"})
    EXPECT_FALSE(parse_http_endpoint(text).ok()) << text;
  EXPECT_EQ(parse_http_endpoint("ftp://host:21").error().message,
            "'ftp://host:21' is not http://HOST:PORT or https://HOST:PORT; a port is a number from 1 to 65535");
}

}  // namespace
}  // namespace titer::view
