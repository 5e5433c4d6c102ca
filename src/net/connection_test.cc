// SPDX-License-Identifier: Apache-2.0

#include "net/connection.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <filesystem>
#include <string>
#include <vector>

#include "net/loop.h"
#include "net/sockets.h"
#include "wire/codec.h"

namespace titer::net {
namespace {

// Remembers what a connection tells its owner.
struct Witness final : ConnectionOwner {
  void on_message(Connection&, const wire::Message& message) override {
    types.push_back(message.type);
    bytes += message.payload.size();
  }
  void on_closed(Connection&, const std::string& why) override { reason = why; }

  std::vector<wire::Type> types;
  std::size_t bytes = 0;
  std::optional<std::string> reason;
};

// A connection on one end of a socket pair; the test holds the other end as a plain descriptor.
class ConnectionTest : public ::testing::Test {
 protected:
  ConnectionTest() {
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds_), 0);
    Stream::Socket socket(loop_.context(), boost::asio::generic::stream_protocol(AF_UNIX, 0), fds_[0]);
    connection_ = Connection::make(loop_, byte_stream(std::move(socket)), witness_, kSendLimit);
    connection_->start();
  }
  ~ConnectionTest() override {
    connection_->detach();
    connection_->close(Code::kOk, "the test is over");
    ::close(fds_[1]);
  }

  void type(ByteView bytes) {
    ASSERT_EQ(::write(fds_[1], bytes.data(), bytes.size()), static_cast<ssize_t>(bytes.size()));
  }
  [[nodiscard]] bool wait(const std::function<bool()>& done) {
    return loop_.run_until(BootTime(boot_now().value + 5'000'000), done);
  }
  // Lets the connection do what is ready now.
  void turn() {
    loop_.wake_at(boot_now());
    EXPECT_TRUE(wait([n = 0]() mutable { return ++n > 1; }));
  }
  // Everything that the connection has written to us.
  Bytes heard() {
    Bytes all(1 << 20);
    const ssize_t n = ::read(fds_[1], all.data(), all.size());
    all.resize(n > 0 ? static_cast<std::size_t>(n) : 0);
    return all;
  }

  static constexpr std::size_t kSendLimit = 1 << 20;
  Loop loop_;
  Witness witness_;
  int fds_[2] = {-1, -1};
  ConnectionPtr connection_;
};

Bytes ping(std::uint64_t number) {
  Bytes out;
  wire::encode_ping(out, number);
  return out;
}

TEST_F(ConnectionTest, messages_arrive_whole_and_in_order_however_they_are_cut) {
  Bytes two = ping(1);
  wire::encode(two, wire::Watch{Position(7)});
  for (std::size_t i = 0; i < two.size(); ++i) {
    type(ByteView(two).subspan(i, 1));
    turn();
  }
  EXPECT_TRUE(wait([&] { return witness_.types.size() == 2; }));
  EXPECT_EQ(witness_.types, (std::vector{wire::Type::kPing, wire::Type::kWatch}));
}

TEST_F(ConnectionTest, garbage_is_told_why_and_cut_off) {
  type(as_bytes("GET / HTTP/1.1\r\nHost: nobody\r\n\r\n"));
  EXPECT_TRUE(wait([&] { return witness_.reason.has_value(); }));
  EXPECT_TRUE(witness_.reason->starts_with("cut off")) << *witness_.reason;
  const Bytes answer = heard();
  ByteView rest(answer);
  const auto message = wire::next_message(rest);
  ASSERT_TRUE(message.ok() && message->has_value());
  EXPECT_EQ((*message)->type, wire::Type::kGoodbye);
  EXPECT_FALSE(wire::decode_goodbye((*message)->payload)->reason.empty());
}

TEST_F(ConnectionTest, a_length_of_4_GiB_is_refused_before_any_memory_is_taken) {
  Bytes header = ping(1);
  header.resize(wire::kHeaderBytes);
  const std::uint32_t huge = 0xFFFFFFFF;
  std::memcpy(header.data() + 4, &huge, sizeof huge);
  type(header);
  EXPECT_TRUE(wait([&] { return witness_.reason.has_value(); }));
  EXPECT_TRUE(witness_.types.empty());
}

// The beginning of a message of so many bytes.
Bytes beginning(std::uint32_t bytes, std::size_t came) {
  Bytes part = ping(1);
  std::memcpy(part.data() + 4, &bytes, sizeof bytes);
  part.resize(came);
  return part;
}

TEST_F(ConnectionTest, a_message_above_the_owners_limit_is_refused_before_it_has_come) {
  connection_->limit_receiving(1024);
  type(beginning(1025, wire::kHeaderBytes));
  EXPECT_TRUE(wait([&] { return witness_.reason.has_value(); }));
  EXPECT_NE(witness_.reason->find("above the limit of 1024"), std::string::npos) << *witness_.reason;
}

TEST_F(ConnectionTest, large_messages_that_are_not_whole_share_a_budget) {
  const auto budget = std::make_shared<ReceiveBudget>(100, 1000);
  connection_->limit_receiving(limits::kMessageBytesMax, budget);
  type(beginning(900, 500));
  EXPECT_TRUE(wait([&] { return budget->left() < 1000; }));
  EXPECT_EQ(budget->left(), 1000 - 900 - wire::kHeaderBytes);

  int other[2];
  ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, other), 0);
  Witness second;
  Stream::Socket socket(loop_.context(), boost::asio::generic::stream_protocol(AF_UNIX, 0), other[0]);
  const ConnectionPtr late = Connection::make(loop_, byte_stream(std::move(socket)), second, kSendLimit);
  late->limit_receiving(limits::kMessageBytesMax, budget);
  late->start();
  const Bytes small = ping(2), large = beginning(200, wire::kHeaderBytes);
  ASSERT_EQ(::write(other[1], small.data(), small.size()), static_cast<ssize_t>(small.size()));
  EXPECT_TRUE(wait([&] { return !second.types.empty(); })) << "small ones need none of it";
  ASSERT_EQ(::write(other[1], large.data(), large.size()), static_cast<ssize_t>(large.size()));
  EXPECT_TRUE(wait([&] { return second.reason.has_value(); }));
  EXPECT_NE(second.reason->find("too many large messages"), std::string::npos) << *second.reason;
  ::close(other[1]);

  connection_->close(Code::kOk, "the end of this one");
  EXPECT_EQ(budget->left(), 1000U) << "what ends gives back what it had taken";
}

TEST_F(ConnectionTest, an_unfinished_message_has_a_beginning_until_it_is_whole) {
  EXPECT_FALSE(connection_->unfinished_since());
  const Bytes message = ping(1);
  type(ByteView(message).first(20));
  EXPECT_TRUE(wait([&] { return connection_->unfinished_since().has_value(); }));
  const BootTime since = *connection_->unfinished_since();
  type(ByteView(message).subspan(20, 1));
  turn();
  EXPECT_EQ(*connection_->unfinished_since(), since) << "a byte now and then gives no more time";
  type(ByteView(message).subspan(21));
  EXPECT_TRUE(wait([&] { return !witness_.types.empty(); }));
  EXPECT_FALSE(connection_->unfinished_since());
}

TEST_F(ConnectionTest, who_does_not_read_is_cut_off_when_the_limit_is_reached) {
  const Bytes blob(256 << 10);
  for (int i = 0; i < 64 && connection_->open(); ++i) {
    wire::encode(connection_->outgoing(), wire::QueryAnswer{1, Position(1), Code::kOk, blob});
    connection_->flush();
    turn();
  }
  EXPECT_TRUE(wait([&] { return witness_.reason.has_value(); }));
  EXPECT_NE(witness_.reason->find("does not read"), std::string::npos) << *witness_.reason;
}

TEST_F(ConnectionTest, what_the_kernel_does_not_take_at_once_follows_later) {
  const Bytes blob(700 << 10);
  wire::encode(connection_->outgoing(), wire::QueryAnswer{1, Position(1), Code::kOk, blob});
  connection_->flush();
  std::size_t got = 0;
  EXPECT_TRUE(wait([&] {
    got += heard().size();
    if (got <= blob.size()) loop_.wake_at(boot_now());
    return got > blob.size();
  }));
}

TEST_F(ConnectionTest, the_end_of_the_stream_is_told_once) {
  ::shutdown(fds_[1], SHUT_WR);
  EXPECT_TRUE(wait([&] { return witness_.reason.has_value(); }));
  EXPECT_FALSE(connection_->open());
}

TEST_F(ConnectionTest, a_goodbye_carries_its_reason_to_the_owner) {
  Bytes out;
  wire::encode(out, wire::Goodbye{Code::kExcluded, "no member any more"});
  type(out);
  EXPECT_TRUE(wait([&] { return witness_.reason.has_value(); }));
  EXPECT_NE(witness_.reason->find("no member any more"), std::string::npos);
}

TEST(Address, a_port_alone_is_on_this_machine) {
  EXPECT_EQ(parse_address("8892")->text(), "127.0.0.1:8892");
  EXPECT_EQ(parse_address("127.0.0.2:80")->text(), "127.0.0.2:80");
  EXPECT_FALSE(parse_address("harvard").ok());
  EXPECT_FALSE(parse_address("127.0.0.1:70000").ok());
  EXPECT_FALSE(parse_address("127.0.0.1:0").ok());
  EXPECT_EQ(parse_address("[::1]:80")->text(), "[::1]:80");
  EXPECT_EQ(parse_address("unix:/run/titer.sock")->text(), "unix:/run/titer.sock");
  EXPECT_FALSE(parse_address("unix:titer.sock").ok());
  EXPECT_EQ(parse_address("[fe80::1%eth0]:80")->host, "fe80::1%eth0");
  EXPECT_EQ(parse_address("db-1.example_net:80")->host, "db-1.example_net");
}

// A text that is no address is refused when it is read, not when it is dialled: "::1" is not port 1 of a machine ":".
TEST(Address, what_is_none_is_refused_and_the_sentence_names_the_range_of_ports) {
  for (const char* text : {"",
                           ":",
                           "host:",
                           "65536",
                           "host:65537",
                           "host:99999999999999999999999",
                           "host:+80",
                           "host: 80",
                           "host:80 ",
                           "host:80a",
                           "-1",
                           "ftp://host:21",
                           "http://host:80",
                           "host:80/path",
                           "::1",
                           "fe80::1:80",
                           "[]:80",
                           "[::1]",
                           "[::1]80",
                           "user@host:80",
                           "a b:80",
                           "a,b:80",
                           "/run/titer.sock:80",
                           "host\n:80"}) {
    const auto address = parse_address(text);
    ASSERT_FALSE(address.ok()) << text;
    EXPECT_NE(address.error().message.find("a port is a number from 1 to 65535"), std::string::npos)
        << address.error().message;
  }
}

TEST(Listener, a_port_in_use_is_named) {
  boost::asio::io_context context;
  const Address any{"127.0.0.1", 0};
  boost::asio::ip::tcp::acceptor taken(context, {boost::asio::ip::address_v4::loopback(), 0});
  const Address address{"127.0.0.1", taken.local_endpoint().port()};
  const Status status = can_listen(address);
  ASSERT_FALSE(status.ok());
  EXPECT_NE(status.error().message.find(address.text()), std::string::npos);
  EXPECT_TRUE(can_listen(any).ok());
}

TEST(Listener, an_address_of_another_machine_may_still_come_and_a_port_of_root_does_not) {
  EXPECT_EQ(can_listen({"192.0.2.1", 8892}).error().code, Code::kUnavailable);
  boost::asio::io_context context;
  const boost::asio::ip::tcp::acceptor taken(context, {boost::asio::ip::address_v4::loopback(), 0});
  EXPECT_EQ(can_listen({"127.0.0.1", taken.local_endpoint().port()}).error().code, Code::kInternal);
}

// A directory of our own with a socket's address in it.
class UnixSocket : public ::testing::Test {
 protected:
  UnixSocket() {
    char pattern[] = "/tmp/titer-net-test-XXXXXX";
    folder_ = ::mkdtemp(pattern);
    address_.host = folder_ + "/one.sock";
  }
  ~UnixSocket() override { std::filesystem::remove_all(folder_); }

  [[nodiscard]] Result<std::unique_ptr<Listener>> listen() {
    return Listener::open(loop_.context(), address_,
                          [this](Stream stream) { accepted_.push_back(std::move(stream)); });
  }

  std::string folder_;
  Address address_;
  Loop loop_;
  std::vector<Stream> accepted_;
};

TEST_F(UnixSocket, both_ends_of_a_connection_know_that_it_is_local) {
  const auto listener = listen();
  ASSERT_TRUE(listener.ok()) << listener.error().message;
  std::optional<Stream> dialled;
  dial(loop_.context(), *parse_address(address_.text()), 1'000'000, [&](Result<Stream> stream) {
    ASSERT_TRUE(stream.ok()) << stream.error().message;
    dialled.emplace(std::move(stream).value());
  });
  EXPECT_TRUE(loop_.run_until(BootTime(boot_now().value + 5'000'000),
                              [&] { return dialled.has_value() && !accepted_.empty(); }));
  EXPECT_TRUE(dialled->local());
  EXPECT_TRUE(accepted_.front().local());
}

TEST_F(UnixSocket, only_its_owner_may_connect) {
  const auto listener = listen();
  struct stat found {};
  ASSERT_EQ(::stat(address_.host.c_str(), &found), 0);
  EXPECT_EQ(found.st_mode & 0777U, 0600U);
}

TEST_F(UnixSocket, the_file_of_a_dead_process_is_replaced_and_our_own_removed) {
  boost::asio::io_context context;
  boost::asio::basic_socket_acceptor<boost::asio::local::stream_protocol> left(
      context, boost::asio::local::stream_protocol::endpoint(address_.host));
  left.close();
  ASSERT_TRUE(std::filesystem::exists(address_.host));
  auto listener = listen();
  EXPECT_TRUE(listener.ok());
  (*listener)->close();
  EXPECT_FALSE(std::filesystem::exists(address_.host));
}

TEST_F(UnixSocket, one_that_is_in_use_and_what_is_no_socket_stay) {
  const auto first = listen();
  const auto second = listen();
  ASSERT_FALSE(second.ok());
  EXPECT_NE(second.error().message.find(address_.host), std::string::npos);
  EXPECT_TRUE(std::filesystem::exists(address_.host));
  address_.host = folder_;
  EXPECT_FALSE(listen().ok());
  EXPECT_TRUE(std::filesystem::exists(folder_));
}

TEST_F(UnixSocket, a_path_that_is_too_long_is_said_to_be) {
  address_.host = folder_ + std::string(kSocketPathBytesMax, 'x');
  EXPECT_FALSE(parse_address(address_.text()).ok());
  const auto listener = listen();
  ASSERT_FALSE(listener.ok());
  EXPECT_NE(listener.error().message.find("107 bytes"), std::string::npos);
}

// Whatever it hears, it makes the other side say again, until the deadline.
struct Endless final : ConnectionOwner {
  explicit Endless(int fd) : fd_(fd) {}
  void on_message(Connection&, const wire::Message&) override {
    ++heard;
    if (boot_now() >= until) return;
    EXPECT_GT(::write(fd_, again.data(), again.size()), 0);
  }
  void on_closed(Connection&, const std::string&) override {}

  std::size_t heard = 0;
  const Bytes again = ping(1);
  const BootTime until{boot_now().value + 2'000'000};

 private:
  int fd_;
};

TEST_F(ConnectionTest, a_sender_that_is_never_silent_does_not_keep_a_turn_from_ending) {
  for (const bool queued : {false, true}) {
    Endless endless(fds_[1]);
    connection_->set_owner(endless);
    connection_->handle_in(queued ? &loop_.queue() : nullptr);
    type(endless.again);
    int turns = 0;
    EXPECT_TRUE(loop_.run_until(
        endless.until, [&] { return turns > 20; }, [&] { ++turns; }))
        << turns;
    EXPECT_GE(endless.heard, 20U);
    connection_->set_owner(witness_);
    turn();
  }
}

TEST_F(ConnectionTest, of_connections_in_a_queue_each_has_a_slice_before_the_first_goes_on) {
  int others[2];
  ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, others), 0);
  std::string order;
  struct Noting final : ConnectionOwner {
    Noting(std::string& all, char as) : heard(all), name(as) {}
    void on_message(Connection&, const wire::Message&) override { heard += name; }
    void on_closed(Connection&, const std::string&) override {}
    std::string& heard;
    char name;
  } many(order, 'm'), few(order, 'f');
  connection_->set_owner(many);
  connection_->handle_in(&loop_.queue());
  Stream::Socket socket(loop_.context(), boost::asio::generic::stream_protocol(AF_UNIX, 0), others[0]);
  const auto second = Connection::make(loop_, byte_stream(std::move(socket)), few, kSendLimit);
  second->handle_in(&loop_.queue());
  second->start();
  Bytes flood;
  for (std::size_t i = 0; i < 3 * MessageQueue::kSliceMessages; ++i) wire::encode_ping(flood, i);
  type(flood);
  ASSERT_GT(::write(others[1], ping(1).data(), ping(1).size()), 0);
  EXPECT_TRUE(wait([&] { return order.size() == 3 * MessageQueue::kSliceMessages + 1; }));
  EXPECT_LE(order.find('f'), MessageQueue::kSliceMessages) << order;
  second->detach();
  second->close(Code::kOk, "the test is over");
  ::close(others[1]);
}

}  // namespace
}  // namespace titer::net
