// SPDX-License-Identifier: Apache-2.0

// The first moments of connections, over fake ones.
#include "node/acceptor.h"

#include <gtest/gtest.h>

#include <vector>

#include "base/limits.h"
#include "net/testing/fake_environment.h"

namespace titer::node {
namespace {

constexpr std::uint16_t kPort = 7;

Bytes hello(std::uint64_t session) {
  wire::Hello hello;
  hello.session = SessionId(session);
  Bytes out;
  wire::encode(out, hello);
  return out;
}

class AcceptorTest : public ::testing::Test {
 protected:
  void open(std::size_t newcomers_max = 100) {
    auto opened = Acceptor::open(env_, {{"here", kPort}}, newcomers_max,
                                 [this](net::Connection& connection, const wire::Hello& said) {
                                   admitted_.push_back(said.session.value);
                                   kept_.push_back(connection.shared_from_this());
                                   connection.detach();
                                 });
    ASSERT_TRUE(opened.ok()) << opened.error().message;
    acceptor_ = std::move(opened).value();
  }
  void turn() {
    env_.run();
    env_.forget_wakes();
    acceptor_->on_turn(env_.boot_now());
    env_.run();
  }

  net::test::FakeEnvironment env_;
  std::vector<std::uint64_t> admitted_;
  std::vector<net::ConnectionPtr> kept_;
  std::unique_ptr<Acceptor> acceptor_;
};

TEST_F(AcceptorTest, a_hello_is_handed_on_and_no_newcomer_is_left) {
  open();
  auto wire = env_.connect(kPort);
  EXPECT_EQ(acceptor_->newcomers(), 1U);
  wire.send(hello(5));
  turn();
  EXPECT_EQ(admitted_, std::vector<std::uint64_t>{5});
  EXPECT_EQ(acceptor_->newcomers(), 0U);
  EXPECT_FALSE(wire.closed());
}

TEST_F(AcceptorTest, one_that_says_nothing_is_told_why_and_cut_off_in_time) {
  open();
  auto silent = env_.connect(kPort);
  env_.pass(limits::kHandshakeUs - 1);
  turn();
  EXPECT_FALSE(silent.closed());
  ASSERT_TRUE(env_.wakes().has_value());  // it does not rely on other turns
  env_.pass(1);
  turn();
  EXPECT_TRUE(silent.closed());
  EXPECT_NE(silent.take_goodbye().value_or("").find("say hello"), std::string::npos);
  EXPECT_EQ(acceptor_->newcomers(), 0U);
}

TEST_F(AcceptorTest, another_first_message_than_a_hello_is_refused) {
  open();
  auto wire = env_.connect(kPort);
  Bytes ping;
  wire::encode_ping(ping, 1);
  wire.send(ping);
  turn();
  EXPECT_TRUE(wire.closed());
  EXPECT_TRUE(admitted_.empty());
}

TEST_F(AcceptorTest, a_first_message_longer_than_a_hello_is_refused_before_it_has_come) {
  open();
  auto wire = env_.connect(kPort);
  Bytes begun = hello(1);
  const std::uint32_t length = limits::kHelloMessageBytesMax + 1;
  std::memcpy(begun.data() + 4, &length, sizeof length);
  wire.send(begun);
  turn();
  EXPECT_TRUE(wire.closed());
}

TEST_F(AcceptorTest, when_too_many_wait_the_oldest_of_the_address_with_the_most_gives_way) {
  open(3);
  auto alone = env_.connect(kPort, 1);
  env_.pass(1);
  auto first = env_.connect(kPort, 2);
  env_.pass(1);
  auto second = env_.connect(kPort, 2);
  auto late = env_.connect(kPort, 3);
  turn();
  EXPECT_TRUE(first.closed());
  EXPECT_FALSE(alone.closed() || second.closed() || late.closed());
  EXPECT_EQ(acceptor_->newcomers(), 3U);
}

TEST_F(AcceptorTest, of_equals_the_one_that_came_first_gives_way) {
  open(2);
  auto first = env_.connect(kPort, 1), second = env_.connect(kPort, 2);
  auto third = env_.connect(kPort, 3);
  turn();
  EXPECT_TRUE(first.closed());
  EXPECT_FALSE(second.closed() || third.closed());
}

TEST_F(AcceptorTest, one_that_hangs_up_is_forgotten) {
  open();
  auto wire = env_.connect(kPort);
  wire.close();
  turn();
  EXPECT_EQ(acceptor_->newcomers(), 0U);
}

TEST_F(AcceptorTest, an_address_that_is_taken_is_an_error) {
  open();
  const auto second =
      Acceptor::open(env_, {{"here", kPort}}, 1, [](net::Connection&, const wire::Hello&) { FAIL(); });
  EXPECT_FALSE(second.ok());
}

TEST_F(AcceptorTest, nobody_is_let_in_once_it_is_closed) {
  open();
  acceptor_->close();
  auto wire = env_.connect(kPort);
  turn();
  EXPECT_TRUE(wire.closed());
}

}  // namespace
}  // namespace titer::node
