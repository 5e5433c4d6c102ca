// SPDX-License-Identifier: Apache-2.0

// For tests: a worker with a replica that answers as the test says, and an HTTP client that sends bytes as they are.
#pragma once

#include <sys/socket.h>
#include <sys/time.h>

#include <boost/asio/buffer.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/write.hpp>
#include <future>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <thread>

#include "api/worker.h"
#include "client/fake_replica.h"
#include "net/http_parser.h"

namespace titer::api {

inline constexpr std::uint16_t kTestWirePort = 18'760, kTestHttpPort = 18'761;
inline constexpr std::uint64_t kTestCluster = 0xC1A57;

// A response as the server wrote it.
class TestAnswer {
 public:
  unsigned status = 0;
  std::map<std::string, std::string> fields;
  std::string text;

  [[nodiscard]] unsigned result_int() const { return status; }
  [[nodiscard]] const std::string& body() const { return text; }
  [[nodiscard]] std::string operator[](const std::string& name) const {
    const auto at = fields.find(name);
    return at != fields.end() ? at->second : std::string();
  }
};

class TestAnswerParser final : public net::HttpParser<false> {
 public:
  explicit TestAnswerParser(bool of_head) {
    eager(true);
    skip(of_head);
    body_limit(boost::none);
  }
  // False: these bytes are no response.
  [[nodiscard]] bool put(std::string& unread) {
    ErrorCode wrong;
    if (!unread.empty()) unread.erase(0, put_bytes(unread, wrong));
    return !wrong;
  }
  [[nodiscard]] bool done() const { return is_done(); }
  TestAnswer answer;

 private:
  void on_response_impl(int status, TextView, int, ErrorCode&) override {
    answer.status = static_cast<unsigned>(status);
  }
  void on_field_impl(Field, TextView name, TextView value, ErrorCode&) override {
    answer.fields.emplace(std::string(name), std::string(value));
  }
  std::size_t on_body_impl(TextView piece, ErrorCode&) override {
    answer.text.append(piece.data(), piece.size());
    return piece.size();
  }
};

// Reads and writes as a client would; each of these fails after ten seconds.
class TestClient {
 public:
  using Answer = TestAnswer;

  explicit TestClient(const net::Address& at) : socket_(context_) {
    const boost::asio::ip::tcp::endpoint endpoint(boost::asio::ip::make_address(at.host), at.port);
    for (boost::system::error_code error = boost::asio::error::not_connected; error;) {
      socket_.close(error);
      socket_.connect(endpoint, error);  // until the server listens
    }
    const timeval patience{10, 0};
    ::setsockopt(socket_.native_handle(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  }

  void send(std::string_view bytes) {
    boost::asio::write(socket_, boost::asio::buffer(bytes.data(), bytes.size()), ignored_);
  }
  void end_sending() { socket_.shutdown(boost::asio::ip::tcp::socket::shutdown_send, ignored_); }
  // Status 0: the connection ended.
  [[nodiscard]] Answer receive(bool of_head = false) {
    TestAnswerParser parser(of_head);
    std::array<char, 4096> room{};
    for (boost::system::error_code error; parser.put(unread_);) {
      if (parser.done()) return std::move(parser.answer);
      const std::size_t n = socket_.read_some(boost::asio::buffer(room), error);
      if (error) break;
      unread_.append(room.data(), n);
    }
    return {};
  }
  [[nodiscard]] Answer ask(std::string_view method, std::string_view target, std::string_view headers = {},
                           std::string_view body = {}) {
    std::string text =
        std::string(method) + " " + std::string(target) + " HTTP/1.1\r\nHost: test\r\n" + std::string(headers);
    if (!body.empty())
      text += "Content-Type: application/json\r\nContent-Length: " + std::to_string(body.size()) + "\r\n";
    send(text + "\r\n" + std::string(body));
    return receive(method == "HEAD");
  }
  // The next bytes of a stream, up to those; as many as there are when it ends before.
  std::string read_until(std::string_view last) {
    const std::size_t n =
        boost::asio::read_until(socket_, boost::asio::dynamic_buffer(stream_), std::string(last), ignored_);
    std::string out = stream_.substr(0, n > 0 ? n : stream_.size());
    stream_.erase(0, out.size());
    return out;
  }
  [[nodiscard]] bool ended() {
    char byte = 0;
    return ::recv(socket_.native_handle(), &byte, 1, 0) == 0;
  }

 private:
  boost::asio::io_context context_;
  boost::asio::ip::tcp::socket socket_;
  std::string unread_, stream_;
  boost::system::error_code ignored_;
};

// What the replica of a test answers to questions, as the state of a replica that holds its lease. It answers on its own
// thread, so a test's lambdas are all called on one.
class TestState final : public client::LocalState {
 public:
  TestState(net::Loop& loop, client::FakeReplica& replica) : loop_(loop), replica_(replica) {}

  [[nodiscard]] smr::ReadTerms terms() const override {
    smr::ReadTerms out;
    out.serves = true;
    out.lease = {BootTime(INT64_MAX), BootTime(INT64_MAX)};
    out.last_turn = smr::LastTurn::of(net::boot_now(), net::monotonic_us());
    return out;
  }
  [[nodiscard]] std::string refusal() const override { return {}; }
  void query(std::size_t, ByteView body, Bytes& rows, wire::QueryAnswer& answer, registry::KeyId as,
             registry::Progress&) override {
    std::promise<void> answered;
    loop_.post([&] {
      replica_.asked_as = as;
      answer = {};
      if (replica_.on_query) replica_.on_query(*wire::decode_query(body), answer, rows);
      answered.set_value();
    });
    answered.get_future().wait();
  }
  void on_change(std::size_t, std::function<void()>) override {}
  [[nodiscard]] bool wait(std::size_t, const smr::ReadTerms&) override { return true; }
  void confirm() override {}
  void answered(std::size_t) override {}

 private:
  net::Loop& loop_;
  client::FakeReplica& replica_;
};

// The replica answers on a thread of its own; set what it does before start().
class TestServer {
 public:
  TestServer() {
    setup.state = &state_;
    setup.cluster = kTestCluster;
    setup.replica = client::address_of_ours(kTestWirePort);
    setup.listen = client::address_of_ours(kTestHttpPort);
    setup.hosts = {"test"};
    setup.peers->set({{0, url_of(setup.listen)}});
  }
  ~TestServer() { stop(); }
  TestServer(const TestServer&) = delete;
  TestServer& operator=(const TestServer&) = delete;

  void start() {
    replica_thread_ = std::thread([this] { replica_loop_.run([] {}); });
    worker_ = std::make_unique<Worker>(setup, 0, [] { return std::string("{}"); });
    worker_thread_ = std::thread([this] { worker_->run(); });
  }
  void stop() {
    if (!worker_thread_.joinable()) return;
    worker_->stop();
    worker_thread_.join();
    replica_loop_.stop();
    replica_thread_.join();
  }
  [[nodiscard]] TestClient client() const { return TestClient(setup.listen); }
  [[nodiscard]] Worker& worker() { return *worker_; }
  // Runs `work` on the replica's thread.
  void at_replica(std::function<void()> work) { replica_loop_.post(std::move(work)); }

  Setup setup;

 private:
  net::Loop replica_loop_;

 public:
  client::FakeReplica replica{replica_loop_, client::address_of_ours(kTestWirePort)};

 private:
  TestState state_{replica_loop_, replica};
  std::unique_ptr<Worker> worker_;
  std::thread replica_thread_, worker_thread_;
};

// Answers with one site, as GetSite does.
inline void answer_with(const registry::Site& site, wire::QueryAnswer& answer, Bytes& buffer) {
  ByteWriter out(buffer);
  out.u8(0);
  wire::encode_site(out, site);
  answer.position = site.changed;
  answer.body = buffer;
}
inline void answer_with(Code code, std::string_view text, wire::QueryAnswer& answer) {
  answer.code = code;
  answer.body = as_bytes(text);
}

}  // namespace titer::api
