// SPDX-License-Identifier: Apache-2.0

// TLS over real sockets of this process: which peers are accepted, what the others are told, and that bytes arrive.
// Not here: whole clusters under TLS, and certificates renewed under load (tests/e2e/tls.py).
#include "net/tls.h"

#include <gtest/gtest.h>
#include <openssl/ssl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <random>
#include <string>
#include <vector>

#include "net/connection.h"
#include "net/loop.h"
#include "net/sockets.h"
#include "net/testing/test_authority.h"
#include "net/tls_session.h"
#include "wire/codec.h"

namespace titer::net {
namespace {

struct TlsWitness final : ConnectionOwner {
  void on_message(Connection&, const wire::Message& message) override {
    ++messages;
    bytes += message.payload.size();
  }
  void on_closed(Connection&, const std::string& why) override { reason = why; }

  std::size_t messages = 0, bytes = 0;
  std::optional<std::string> reason;
};

// Two ends of one connection, and an authority with its files.
class TlsTest : public ::testing::Test, protected TestAuthority {
 protected:
  ~TlsTest() override {
    for (const ConnectionPtr& one : {dialled_, accepted_}) {
      if (!one) continue;
      one->detach();
      one->close(Code::kOk, "the test is over");
    }
  }

  void listen(std::shared_ptr<const Tls> with) {
    address_.tls = std::move(with);
    auto opened = Listener::open(loop_.context(), address_, [this](Stream stream) {
      accepted_ = Connection::make(loop_, byte_stream(std::move(stream)), there_, kSendLimit);
      accepted_->start();
    });
    ASSERT_TRUE(opened.ok()) << opened.error().message;
    listener_ = std::move(opened).value();
    address_.port = listener_->port();
  }
  void connect(std::shared_ptr<const Tls> with) {
    Address to = address_;
    to.tls = std::move(with);
    dial(loop_.context(), to, 1'000'000, [this](Result<Stream> stream) {
      ASSERT_TRUE(stream.ok());
      dialled_ = Connection::make(loop_, byte_stream(std::move(stream).value()), here_, kSendLimit);
      wire::encode_ping(dialled_->outgoing(), 1);
      dialled_->flush();
      dialled_->start();
    });
  }
  [[nodiscard]] bool wait(const std::function<bool()>& done) {
    return loop_.run_until(BootTime(boot_now().value + 10'000'000), done);
  }
  [[nodiscard]] bool heard() {
    return wait([this] { return there_.messages == 1; });
  }
  // Both ends have ended; what each was told.
  [[nodiscard]] std::pair<std::string, std::string> reasons() {
    EXPECT_TRUE(wait([this] { return here_.reason && there_.reason; }));
    return {here_.reason.value_or(""), there_.reason.value_or("")};
  }

  static constexpr std::size_t kSendLimit = std::size_t{64} << 20;
  Loop loop_;
  TlsWitness here_, there_;
  Address address_;
  std::unique_ptr<Listener> listener_;
  ConnectionPtr dialled_, accepted_;
};

bool says(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

TEST_F(TlsTest, messages_pass_and_both_know_who_the_other_is) {
  listen(tls("one"));
  connect(tls("one"));
  ASSERT_TRUE(heard());
  EXPECT_TRUE(accepted_->proves("127.0.0.1"));
  EXPECT_TRUE(dialled_->proves("127.0.0.1"));
  EXPECT_FALSE(accepted_->proves("127.0.0.2"));
  EXPECT_FALSE(accepted_->local());
}

TEST_F(TlsTest, a_client_without_a_certificate_is_let_in_and_proves_nothing) {
  listen(tls("one"));
  connect(tls(""));
  ASSERT_TRUE(heard());
  EXPECT_FALSE(accepted_->proves("127.0.0.1"));
}

TEST_F(TlsTest, a_clients_certificate_is_taken_and_proves_no_replica) {
  certify("client", authority(), {"127.0.0.1"}, kNow, Purpose::kClient);
  listen(tls("one"));
  connect(tls("client"));
  ASSERT_TRUE(heard());
  EXPECT_FALSE(accepted_->proves("127.0.0.1"));
  EXPECT_TRUE(dialled_->proves("127.0.0.1"));
}

TEST_F(TlsTest, a_certificate_of_another_authority_is_refused_on_both_sides) {
  const Certificate other = make_authority("theirs", kNow).value();
  certify("theirs", other, {"127.0.0.1"}, kNow);
  listen(tls("theirs"));
  connect(tls(""));
  const auto [here, there] = reasons();
  EXPECT_TRUE(says(here, "another authority")) << here;
  EXPECT_TRUE(says(there, "refused") && says(there, "unknown ca")) << there;
}

TEST_F(TlsTest, a_client_with_a_certificate_of_another_authority_is_refused_on_both_sides) {
  const Certificate other = make_authority("theirs", kNow).value();
  certify("theirs", other, {"127.0.0.1"}, kNow);
  listen(tls("one"));
  connect(tls("theirs"));
  const auto [here, there] = reasons();
  EXPECT_TRUE(says(here, "refused")) << here;
  EXPECT_TRUE(says(there, "another authority")) << there;
}

TEST_F(TlsTest, an_expired_certificate_is_refused_with_its_date) {
  certify("old", authority(), {"127.0.0.1"}, kPast);
  listen(tls("old"));
  connect(tls(""));
  const auto [here, there] = reasons();
  EXPECT_TRUE(says(here, "has expired on 20")) << here;
  EXPECT_TRUE(says(there, "expired")) << there;
}

TEST_F(TlsTest, a_certificate_of_the_future_speaks_of_clocks) {
  certify("early", authority(), {"127.0.0.1"}, kFuture);
  listen(tls("early"));
  connect(tls(""));
  EXPECT_TRUE(says(reasons().first, "clocks"));
}

TEST_F(TlsTest, a_certificate_for_another_name_is_refused_and_the_names_are_told) {
  certify("elsewhere", authority(), {"10.0.0.1", "db.example"}, kNow);
  listen(tls("elsewhere"));
  connect(tls(""));
  const auto [here, there] = reasons();
  EXPECT_TRUE(says(here, "not for 127.0.0.1 but for 10.0.0.1, db.example")) << here;
  EXPECT_TRUE(says(there, "refused")) << there;
}

// One end of a connection whose other end the test holds as a plain descriptor.
struct OneEnd {
  OneEnd(Loop& loop, std::unique_ptr<TlsSession> session) {
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds), 0);
    Stream::Socket socket(loop.context(), boost::asio::generic::stream_protocol(AF_UNIX, 0), fds[0]);
    connection =
        Connection::make(loop, byte_stream({std::move(socket), std::move(session)}), witness, std::size_t{1} << 20);
    connection->start();
  }
  ~OneEnd() {
    connection->detach();
    connection->close(Code::kOk, "the test is over");
    hang_up();
  }
  OneEnd(const OneEnd&) = delete;
  OneEnd& operator=(const OneEnd&) = delete;

  [[nodiscard]] std::string take() const {
    std::string bytes(1 << 16, 0);
    const ssize_t n = ::read(fds[1], bytes.data(), bytes.size());
    bytes.resize(n > 0 ? static_cast<std::size_t>(n) : 0);
    return bytes;
  }
  void give(const std::string& bytes) const {
    (void)::send(fds[1], bytes.data(), bytes.size(), MSG_NOSIGNAL);  // the other end may be gone
  }
  void hang_up() { ::close(std::exchange(fds[1], -1)); }

  int fds[2] = {-1, -1};
  TlsWitness witness;
  ConnectionPtr connection;
};

// What `name` was told by who connects to it: the test listens in on the handshake.
int note_name(SSL* ssl, int*, void* name) {
  const char* told = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
  *static_cast<std::string*>(name) = told == nullptr ? "" : told;
  return SSL_TLSEXT_ERR_OK;
}

TEST_F(TlsTest, a_host_that_is_dialled_by_name_is_told_it_and_must_prove_it) {
  certify("named", authority(), {"localhost"}, kNow);
  const auto server = tls("named");
  std::string told = "nothing";
  SSL_CTX_set_tlsext_servername_callback(server->context().get(), note_name);
  SSL_CTX_set_tlsext_servername_arg(server->context().get(), &told);
  listen(server);
  address_.host = "localhost";
  connect(tls(""));
  ASSERT_TRUE(heard());
  EXPECT_EQ(told, "localhost");
  EXPECT_TRUE(dialled_->proves("localhost"));
}

TEST_F(TlsTest, a_name_that_the_certificate_has_not_is_refused) {
  listen(tls("one"));
  address_.host = "localhost";
  connect(tls(""));
  EXPECT_TRUE(says(reasons().first, "not for localhost but for 127.0.0.1"));
}

TEST_F(TlsTest, where_no_name_can_be_checked_nothing_is_believed) {
  const auto client = tls("");
  for (const std::string& host : {std::string(), std::string(300, 'x')}) {
    OneEnd one(loop_, client->to_dial(host));
    EXPECT_TRUE(wait([&] { return one.witness.reason.has_value(); }));
    EXPECT_TRUE(says(one.witness.reason.value_or(""), "is no name of a host"));
  }
}

TEST_F(TlsTest, who_speaks_plain_to_a_tls_port_is_told_what_to_do) {
  listen(tls("one"));
  connect(nullptr);
  const auto [here, there] = reasons();
  EXPECT_TRUE(says(here, "--ca")) << here;
  EXPECT_TRUE(says(there, "speaks TLS")) << there;
}

TEST_F(TlsTest, who_speaks_tls_to_a_plain_port_is_told_what_to_do) {
  listen(nullptr);
  connect(tls(""));
  const auto [here, there] = reasons();
  EXPECT_TRUE(says(here, "does not speak TLS") && says(here, "--ca")) << here;
  EXPECT_TRUE(says(there, "you speak TLS")) << there;
}

TEST_F(TlsTest, large_messages_arrive_however_slowly_they_are_read) {
  listen(tls("one"));
  connect(tls(""));
  ASSERT_TRUE(heard());
  accepted_->pause();
  const Bytes blob(3 << 20);
  for (int i = 0; i < 8; ++i)
    wire::encode(dialled_->outgoing(), wire::QueryAnswer{1, Position(1), Code::kOk, blob});
  dialled_->flush();
  loop_.wake_at(boot_now());
  EXPECT_GT(dialled_->waiting(), 0U);
  accepted_->resume();
  EXPECT_TRUE(wait([&] { return there_.bytes > 8 * blob.size(); }));
  EXPECT_EQ(dialled_->waiting(), 0U);
}

TEST_F(TlsTest, who_does_not_read_is_cut_off_at_the_limit) {
  listen(tls("one"));
  connect(tls(""));
  ASSERT_TRUE(heard());
  accepted_->pause();
  dialled_->limit_sending(1 << 20);
  const Bytes blob(3 << 20);
  for (int i = 0; i < 32 && dialled_->open(); ++i) {
    wire::encode(dialled_->outgoing(), wire::QueryAnswer{1, Position(1), Code::kOk, blob});
    dialled_->flush();
  }
  EXPECT_TRUE(wait([&] { return here_.reason.has_value(); }));
  EXPECT_TRUE(says(here_.reason.value_or(""), "does not read"));
}

TEST_F(TlsTest, new_files_are_for_new_connections_and_old_ones_go_on) {
  const auto server = tls("one");
  listen(server);
  connect(tls(""));
  ASSERT_TRUE(heard());
  EXPECT_FALSE(server->changed());
  certify("one", authority(), {"127.0.0.1", "new.example"}, {0, 60});
  EXPECT_TRUE(server->changed());
  const std::int64_t before = server->expires_ms();
  ASSERT_TRUE(server->reload().ok());
  EXPECT_FALSE(server->changed());
  EXPECT_GT(server->expires_ms(), before);
  wire::encode_ping(dialled_->outgoing(), 2);
  dialled_->flush();
  EXPECT_TRUE(wait([&] { return there_.messages == 2; }));
  const ConnectionPtr old = dialled_, old_there = accepted_;
  connect(tls(""));
  EXPECT_TRUE(wait([&] { return there_.messages == 3; }));
  EXPECT_TRUE(dialled_->proves("new.example"));
  for (const ConnectionPtr& one : {old, old_there}) {
    EXPECT_TRUE(one->open());
    one->detach();
    one->close(Code::kOk, "the test is over");
  }
}

TEST_F(TlsTest, files_that_do_not_fit_are_refused_by_name_and_the_old_ones_stay) {
  const auto server = tls("one");
  listen(server);
  write("one-key.pem", issue(authority(), {"127.0.0.1"}, kNow)->key);
  const Status mixed = server->reload();
  ASSERT_FALSE(mixed.ok());
  EXPECT_TRUE(says(mixed.error().message, "one-key.pem")) << mixed.error().message;
  EXPECT_FALSE(server->changed()) << "what failed once is not tried again before it changes";
  connect(tls(""));
  EXPECT_TRUE(heard());
}

TEST_F(TlsTest, a_key_that_everybody_may_read_is_refused) {
  ::chmod(file("one-key.pem").c_str(), S_IRUSR | S_IROTH);
  const auto opened = Tls::open({file("ca.pem"), file("one.pem"), file("one-key.pem"), true});
  ASSERT_FALSE(opened.ok());
  EXPECT_TRUE(says(opened.error().message, "chmod")) << opened.error().message;
}

TEST_F(TlsTest, files_that_are_missing_or_empty_are_named) {
  write("empty.pem", "");
  for (const char* name : {"empty.pem", "nothing.pem"}) {
    const auto opened = Tls::open({file(name), {}, {}, false});
    ASSERT_FALSE(opened.ok());
    EXPECT_TRUE(says(opened.error().message, name)) << opened.error().message;
  }
  EXPECT_FALSE(Tls::open({file("ca.pem"), file("one.pem"), {}, false}).ok());
}

TEST_F(TlsTest, versions_before_1_2_are_refused) {
  listen(tls("one"));
  const auto client = tls("");
  SSL_CTX_set_min_proto_version(client->context().get(), TLS1_VERSION);
  SSL_CTX_set_max_proto_version(client->context().get(), TLS1_1_VERSION);
  SSL_CTX_set_security_level(client->context().get(), 0);
  connect(client);
  const auto [here, there] = reasons();
  EXPECT_TRUE(says(there, "TLS")) << there;
  EXPECT_FALSE(there_.messages);
}

TEST_F(TlsTest, tls_1_2_works_without_renegotiation) {
  listen(tls("one"));
  const auto client = tls("");
  SSL_CTX_set_max_proto_version(client->context().get(), TLS1_2_VERSION);
  EXPECT_NE(SSL_CTX_get_options(client->context().get()) & SSL_OP_NO_RENEGOTIATION, 0U);
  connect(client);
  EXPECT_TRUE(heard());
}

TEST_F(TlsTest, garbage_in_place_of_a_handshake_ends_the_connection) {
  const unsigned seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random(seed);
  const auto server = tls("one");
  for (int round = 0; round < 60; ++round) {
    OneEnd victim(loop_, server->to_accept());
    std::string bytes = "\x16\x03\x01";
    while (bytes.size() < 400) bytes += static_cast<char>(random() % 256);
    if (round % 2 == 0) bytes[3] = 0, bytes[4] = static_cast<char>(100), bytes[5] = 1;  // as long as a real one
    victim.give(bytes);
    victim.hang_up();
    EXPECT_TRUE(wait([&] { return victim.witness.reason.has_value(); }));
    EXPECT_EQ(victim.witness.messages, 0U);
  }
}

// Somebody on the way changes, drops or repeats a byte, in the handshake or after it: what arrives is right, and then the
// connection ends.
TEST_F(TlsTest, a_damaged_stream_ends_and_nothing_false_arrives) {
  const unsigned seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random(seed);
  const auto server = tls("one"), client = tls("");
  constexpr std::size_t kPings = 40;
  for (int round = 0; round < 60; ++round) {
    OneEnd one(loop_, client->to_dial("127.0.0.1")), other(loop_, server->to_accept());
    for (std::size_t i = 0; i < kPings; ++i) wire::encode_ping(one.connection->outgoing(), i);
    one.connection->flush();
    std::size_t until_damage = random() % 3000;
    const bool by_client = random() % 2 == 0;
    bool damaged = false;
    const auto pass = [&](const OneEnd& from, const OneEnd& to, bool damages) {
      std::string bytes = from.take();
      if (damages && !damaged && until_damage < bytes.size()) {
        damaged = true;
        if (random() % 3 == 0)
          bytes.erase(until_damage, 1);
        else if (random() % 2 == 0)
          bytes.insert(until_damage, 1, bytes[until_damage]);
        else
          bytes[until_damage] = static_cast<char>(bytes[until_damage] ^ static_cast<char>(1 + random() % 255));
      }
      if (damages && !damaged) until_damage -= bytes.size();
      to.give(bytes);
    };
    for (int turn = 0; turn < 30; ++turn) {
      pass(one, other, by_client);
      pass(other, one, !by_client);
      loop_.wake_at(boot_now());
      (void)loop_.run_until(BootTime(boot_now().value + 1'000'000), [n = 0]() mutable { return ++n > 1; });
    }
    one.hang_up();
    other.hang_up();
    EXPECT_TRUE(wait([&] { return one.witness.reason && other.witness.reason; }));
    EXPECT_LE(other.witness.messages, kPings);
    EXPECT_EQ(other.witness.bytes, other.witness.messages * sizeof(std::uint64_t));
  }
}

}  // namespace
}  // namespace titer::net
