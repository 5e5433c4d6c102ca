// SPDX-License-Identifier: Apache-2.0

#include "net/address.h"

#include <gtest/gtest.h>

#include <boost/asio/ip/tcp.hpp>
#include <optional>
#include <string>
#include <vector>

#include "net/loop.h"
#include "net/sockets.h"

namespace titer::net {
namespace {

class DialTest : public ::testing::Test {
 protected:
  void listen() {
    auto opened = Listener::open(loop_.context(), {"127.0.0.1", 0}, [this](Stream) { ++accepted_; });
    ASSERT_TRUE(opened.ok()) << opened.error().message;
    listener_ = std::move(opened).value();
  }
  // What dial() has said of it; it says so once and never at once.
  [[nodiscard]] Status dialled(const Address& address) {
    std::optional<Status> outcome;
    dial(loop_.context(), address, kTimeoutUs, [&](const Result<Stream>& stream) {
      EXPECT_FALSE(outcome.has_value());
      outcome = stream ? ok_status() : stream.error();
    });
    EXPECT_FALSE(outcome.has_value());
    EXPECT_TRUE(loop_.run_until(BootTime(boot_now().value + 2 * kTimeoutUs), [&] { return outcome.has_value(); }));
    return outcome.value_or(Error{});
  }

  static constexpr std::int64_t kTimeoutUs = 10'000'000;
  Loop loop_;
  std::unique_ptr<Listener> listener_;
  unsigned accepted_ = 0;
};

TEST_F(DialTest, a_listener_tells_the_port_that_the_system_chose) {
  listen();
  EXPECT_NE(listener_->port(), 0);
  EXPECT_FALSE(can_listen({"127.0.0.1", listener_->port()}).ok());
}

TEST(Address, one_place_may_be_written_in_several_ways) {
  const auto same = [](const char* a, const char* b) {
    return parse_address(a).value().same_place(parse_address(b).value());
  };
  EXPECT_TRUE(same("localhost:1", "127.0.0.1:1"));
  EXPECT_TRUE(same("1", "LOCALHOST.:1"));
  EXPECT_TRUE(same("[0:0::1]:1", "[::1]:1"));
  for (const char* text : {"127.1:1", "127.0.0.01:1", "0x7f.1:1", "2130706433:00001", "[::ffff:127.0.0.1]:1",
                           "[0:0:0:0:0:FFFF:7f00:1]:1", "0177.0.0.1:1"}) {
    EXPECT_TRUE(same(text, "127.0.0.1:1")) << text;
    EXPECT_EQ(parse_address(text)->text(), "127.0.0.1:1") << "as it is kept";
  }
  EXPECT_TRUE(same("127.0.0.1.:1", "127.0.0.1:1"));
  EXPECT_TRUE(same("[0:0:0:0:0:0:0:1]:07001", "[::1]:7001"));
  EXPECT_FALSE(same("[::1]:1", "127.0.0.1:1"));
  EXPECT_TRUE(same("Db1.example.:1", "db1.EXAMPLE:1"));
  EXPECT_TRUE(same("unix:/tmp/a", "unix:/tmp/a"));
  EXPECT_FALSE(same("unix:/tmp/a", "unix:/tmp/A"));
  EXPECT_FALSE(same("localhost:1", "localhost:2"));
  EXPECT_FALSE(same("127.0.0.1:1", "127.0.0.2:1"));
}

TEST(Address, of_a_machine_is_not_that_of_none_or_of_many) {
  const auto checked = [](const char* text) { return check_one_machine(parse_address(text).value()); };
  for (const char* bad :
       {"0.0.0.0:1", "0:1", "1:1", "[::]:1", "[0::0]:1", "[::ffff:0.0.0.0]:1", "224.0.0.1:1", "239.255.0.1:1",
        "[ff02::1]:1", "[FF0E::7%lo]:1", "255.255.255.255:1", "0xffffffff:1", "[::ffff:224.0.0.1]:1"}) {
    const Status status = checked(bad);
    ASSERT_FALSE(status.ok()) << bad;
    EXPECT_EQ(status.error().code, Code::kInvalid);
    EXPECT_NE(status.error().message.find("not the address of one machine"), std::string::npos);
  }
  for (const char* good :
       {"1", "127.1:1", "10.0.0.255:1", "[::1]:1", "[fe80::1]:1", "db1.example:1", "localhost:1", "unix:/tmp/a"})
    EXPECT_TRUE(checked(good).ok()) << good;
}

TEST_F(DialTest, an_address_is_reached) {
  listen();
  EXPECT_TRUE(dialled({"127.0.0.1", listener_->port()}).ok());
  EXPECT_TRUE(dialled({"localhost", listener_->port()}).ok());
}

// "127.1" is no address to us, and every resolver knows it without asking anybody.
TEST_F(DialTest, a_name_is_looked_up) {
  listen();
  EXPECT_TRUE(dialled({"127.1", listener_->port()}).ok());
}

TEST_F(DialTest, where_nobody_listens_the_reason_names_the_address) {
  listen();
  const std::uint16_t port = listener_->port();
  listener_->close();
  const Status status = dialled({"127.0.0.1", port});
  ASSERT_FALSE(status.ok());
  EXPECT_EQ(status.error().code, Code::kUnreachable);
  EXPECT_NE(status.error().message.find("127.0.0.1:" + std::to_string(port) + ": Connection refused"),
            std::string::npos)
      << status.error().message;
}

TEST_F(DialTest, a_name_of_nobody_is_unreachable) {
  const std::string name = std::string(70, 'x') + ".invalid";  // too long to be asked for
  const Status status = dialled({name, 1});
  ASSERT_FALSE(status.ok());
  EXPECT_EQ(status.error().code, Code::kUnreachable);
  EXPECT_NE(status.error().message.find(name), std::string::npos) << status.error().message;
}

TEST_F(DialTest, a_socket_path_that_cannot_be_is_invalid) {
  const Status status = dialled({"/" + std::string(kSocketPathBytesMax, 'x'), 0});
  ASSERT_FALSE(status.ok());
  EXPECT_EQ(status.error().code, Code::kInvalid);
}

// A listener whose queue is full does not answer; the deadline does.
TEST_F(DialTest, who_does_not_answer_is_given_up_in_time) {
  boost::asio::ip::tcp::acceptor full(loop_.context());
  full.open(boost::asio::ip::tcp::v4());
  full.bind({boost::asio::ip::address_v4::loopback(), 0});
  full.listen(0);
  const Address address{"127.0.0.1", full.local_endpoint().port()};
  std::vector<Stream> waiting;
  std::optional<Error> refused;
  const auto more = [&](auto&& self) -> void {
    dial(loop_.context(), address, 300'000, [&, self](Result<Stream> stream) {
      if (!stream) {
        refused = stream.error();
        return;
      }
      waiting.push_back(std::move(stream).value());
      self(self);
    });
  };
  more(more);
  ASSERT_TRUE(loop_.run_until(BootTime(boot_now().value + kTimeoutUs), [&] { return refused.has_value(); }));
  EXPECT_EQ(refused->code, Code::kUnreachable);
  EXPECT_NE(refused->message.find("timed out"), std::string::npos) << refused->message;
}

}  // namespace
}  // namespace titer::net
