// SPDX-License-Identifier: Apache-2.0

#include "view/testing/fake_http.h"

#include <fmt/format.h>

#include <array>
#include <boost/asio/error.hpp>
#include <charconv>
#include <optional>
#include <utility>

namespace titer::view {

using boost::system::error_code;

class FakeHttp::Peer : public std::enable_shared_from_this<Peer> {
 public:
  Peer(net::Stream stream, FakeHttp& server) : stream_(std::move(stream)), server_(&server) {}

  void read() {
    stream_.async_read_some(boost::asio::buffer(room_),
                            [self = shared_from_this()](const error_code& error, std::size_t n) {
                              if (self->server_ == nullptr) return;
                              if (error) return self->close();
                              self->in_.append(self->room_.data(), n);
                              self->serve();
                              if (self->server_ != nullptr) self->read();
                            });
  }
  void send(std::string_view bytes) {
    out_ += bytes;
    if (!std::exchange(writing_, true)) write();
  }
  void close() {
    if (server_ == nullptr) return;
    stream_.close();
    std::exchange(server_, nullptr)->gone(shared_from_this());
  }
  void detach() {
    server_ = nullptr;
    stream_.close();
  }

 private:
  void write() {
    error_code error;
    while (!error && !out_.empty()) out_.erase(0, stream_.send(boost::asio::buffer(out_), error));
    writing_ = error == boost::asio::error::would_block;
    if (!writing_) return;
    stream_.async_wait_write([self = shared_from_this()](const error_code& failed) {
      if (!failed && self->server_ != nullptr) self->write();
    });
  }
  void serve() {
    while (server_ != nullptr) {
      const auto request = next_request();
      if (!request) return;
      if (server_->refuses) return close();
      server_->handler_(shared_from_this(), *request);
    }
  }
  // nullopt: it is not whole yet.
  std::optional<Request> next_request() {
    const std::size_t head_end = in_.find("\r\n\r\n");
    if (head_end == std::string::npos) return std::nullopt;
    const auto value = [head = std::string_view(in_).substr(0, head_end)](std::string_view name) {
      const std::size_t at = head.find(name);
      if (at == std::string_view::npos) return std::string_view();
      const std::size_t begin = at + name.size();
      return head.substr(begin, head.find_first_of(" \r", begin) - begin);
    };
    const std::string_view length = value("\r\nContent-Length: ");
    std::size_t body_bytes = 0;
    std::from_chars(length.data(), length.data() + length.size(), body_bytes);
    const std::size_t body = head_end + std::string_view("\r\n\r\n").size();
    if (in_.size() < body + body_bytes) return std::nullopt;
    Request request{std::string(value("POST ")), in_.substr(body, body_bytes),
                    std::string(value("\r\nAuthorization: "))};
    in_.erase(0, body + body_bytes);
    return request;
  }

  net::Stream stream_;
  FakeHttp* server_;  // null: it is over
  std::array<char, 4096> room_{};
  std::string in_, out_;
  bool writing_ = false;
};

FakeHttp::FakeHttp(net::Loop& loop, Handler handler, std::shared_ptr<const net::Tls> tls)
    : handler_(std::move(handler)), tls_(tls != nullptr) {
  auto opened = net::Listener::open(loop.context(), {"127.0.0.1", 0, std::move(tls)},
                                    [this](net::Stream stream) { accepted(std::move(stream)); });
  listener_ = std::move(opened).value();
}

FakeHttp::~FakeHttp() {
  for (const PeerPtr& peer : peers_) peer->detach();
}

HttpEndpoint FakeHttp::endpoint() const { return {"127.0.0.1", listener_->port(), tls_}; }

void FakeHttp::accepted(net::Stream stream) {
  ++connections;
  if (refuses) return stream.close();
  const auto peer = std::make_shared<Peer>(std::move(stream), *this);
  peers_.insert(peer);
  peer->read();
}

void FakeHttp::send(const PeerPtr& peer, std::string_view bytes) { peer->send(bytes); }

void FakeHttp::answer(const PeerPtr& peer, unsigned status, std::string_view body) {
  peer->send(fmt::format("HTTP/1.1 {} so\r\nContent-Length: {}\r\n\r\n{}", status, body.size(), body));
}

void FakeHttp::close(const PeerPtr& peer) { peer->close(); }

void FakeHttp::close_all() {
  while (!peers_.empty()) PeerPtr(*peers_.begin())->close();
}

}  // namespace titer::view
