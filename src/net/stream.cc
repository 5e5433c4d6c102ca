// SPDX-License-Identifier: Apache-2.0

#include "net/stream.h"

#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <boost/asio/error.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <cstring>

#include "net/tls_session.h"

namespace titer::net {

namespace {

int family_of(const Stream::Socket& socket) {
  Stream::Error error;
  const auto here = socket.local_endpoint(error);
  return error ? AF_UNSPEC : here.protocol().family();
}

}  // namespace

Stream::Stream(Socket socket) : Stream(std::move(socket), nullptr) {}

Stream::Stream(Socket socket, std::unique_ptr<TlsSession> tls)
    : socket_(std::move(socket)), local_(family_of(socket_) == AF_UNIX), tls_(std::move(tls)) {
  Error ignored;
  socket_.non_blocking(true, ignored);
  if (!local_) socket_.set_option(boost::asio::ip::tcp::no_delay(true), ignored);
  if (tls_) tls_->attach(socket_);
}

Stream::Stream(Stream&& other) noexcept = default;
Stream::~Stream() = default;

void Stream::read_tls(boost::asio::mutable_buffer room, ReadHandler handler) {
  tls_->read(socket_, room, std::move(handler));
}

std::size_t Stream::send_tls(boost::asio::const_buffer bytes, Error& error) {
  if (tls_->plain_peer()) return socket_.send(boost::asio::buffer(bytes), 0, error);
  return tls_->send(bytes, error);
}

void Stream::wait_write_tls(WaitHandler handler) {
  if (tls_->plain_peer()) return socket_.async_wait(Socket::wait_write, std::move(handler));
  tls_->wait_write(socket_, std::move(handler));
}

void Stream::end_sending() {
  Error ignored;
  if (tls_) tls_->say_goodbye();
  socket_.shutdown(Socket::shutdown_send, ignored);
}

void Stream::close() {
  Error ignored;
  if (tls_) {
    tls_->say_goodbye();
    tls_->cancel();
  }
  socket_.shutdown(Socket::shutdown_both, ignored);
  socket_.close(ignored);
}

std::string Stream::explain(const Error& error) const {
  return tls_ == nullptr || tls_->why().empty() ? error.message() : tls_->why();
}

bool Stream::plain_peer() const { return tls_ != nullptr && tls_->plain_peer(); }

bool Stream::proves(const std::string& host) const { return tls_ != nullptr && tls_->proves(host); }

Ip Stream::peer_ip() const {
  sockaddr_storage address{};
  Error error;
  const auto remote = socket_.remote_endpoint(error);
  if (local_ || error) return {};
  std::memcpy(&address, remote.data(), std::min(remote.size(), sizeof address));
  if (address.ss_family == AF_INET)
    return boost::asio::ip::address_v4(ntohl(reinterpret_cast<const sockaddr_in&>(address).sin_addr.s_addr));
  if (address.ss_family != AF_INET6) return {};
  boost::asio::ip::address_v6::bytes_type bytes;
  std::memcpy(bytes.data(), &reinterpret_cast<const sockaddr_in6&>(address).sin6_addr, bytes.size());
  return plain_ip(boost::asio::ip::address_v6(bytes));
}

bool Stream::from_this_machine() const { return local_ || is_loopback(peer_ip()); }

namespace {

// A handler that Asio keeps has this stream's events, and they keep this stream.
class SocketStream final : public ByteStream {
 public:
  explicit SocketStream(Stream stream) : stream_(std::move(stream)) {}

  void read_some(std::span<std::byte> room, std::shared_ptr<StreamEvents> events) override {
    // A read that does not fill the room tells Asio that the socket is drained, so there is one recv per event.
    stream_.async_read_some(boost::asio::buffer(room.data(), room.size()),
                            [this, events = std::move(events)](const Stream::Error& error, std::size_t n) {
                              if (error) failure_ = error;
                              events->on_bytes(error ? 0 : n);
                            });
  }
  std::size_t send(ByteView bytes) override {
    Stream::Error error;
    const std::size_t n = stream_.send(boost::asio::buffer(bytes.data(), bytes.size()), error);
    if (error && error != boost::asio::error::would_block) failure_ = error;
    return error ? 0 : n;
  }
  void wait_writable(std::shared_ptr<StreamEvents> events) override {
    stream_.async_wait_write([this, events = std::move(events)](const Stream::Error& error) {
      if (error) failure_ = error;
      events->on_writable();
    });
  }
  void close() override { stream_.close(); }

  [[nodiscard]] bool over() const override { return static_cast<bool>(failure_); }
  [[nodiscard]] std::string why() const override { return stream_.explain(failure_); }
  [[nodiscard]] bool plain_peer() const override { return stream_.plain_peer(); }
  [[nodiscard]] bool local() const override { return stream_.local(); }
  [[nodiscard]] bool secure() const override { return stream_.secure(); }
  [[nodiscard]] bool proves(const std::string& host) const override { return stream_.proves(host); }
  [[nodiscard]] bool from_this_machine() const override { return stream_.from_this_machine(); }
  [[nodiscard]] std::uint64_t peer_number() const override { return stream_.peer_number(); }

 private:
  Stream stream_;
  Stream::Error failure_;
};

}  // namespace

ByteStreamPtr byte_stream(Stream stream) { return std::make_unique<SocketStream>(std::move(stream)); }

}  // namespace titer::net
