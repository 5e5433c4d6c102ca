// SPDX-License-Identifier: Apache-2.0

#include "net/sockets.h"

#include <netinet/in.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <boost/asio/connect.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/post.hpp>
#include <cstring>
#include <string>
#include <utility>
#include <vector>

#include "net/tls.h"
#include "net/tls_session.h"

namespace titer::net {

namespace {

using boost::asio::ip::tcp;
using boost::system::error_code;
using Protocol = boost::asio::generic::stream_protocol;
using Acceptor = boost::asio::basic_socket_acceptor<Protocol>;
using ReusePort = boost::asio::detail::socket_option::boolean<SOL_SOCKET, SO_REUSEPORT>;

Result<Protocol::endpoint> endpoint_of(const Address& address) {
  if (address.local()) {
    if (address.host.size() > kSocketPathBytesMax) return path_too_long(address.host);
    return Protocol::endpoint(boost::asio::local::stream_protocol::endpoint(address.host));
  }
  error_code error;
  const auto ip = boost::asio::ip::make_address(address.host == "localhost" ? "127.0.0.1" : address.host, error);
  if (error) return Error{Code::kInvalid, address.host + " is not an IP address"};
  return Protocol::endpoint(tcp::endpoint(ip, address.port));
}

Stream stream_of(Stream::Socket socket, const Address& address, bool dialled) {
  if (!address.tls || address.local()) return {std::move(socket)};
  return {std::move(socket), dialled ? address.tls->to_dial(address.host) : address.tls->to_accept()};
}

// A socket's file outlives a process that was killed. One that nobody listens on is taken away; anything else stays.
void remove_stale(const Address& address, const Protocol::endpoint& endpoint) {
  struct stat found {};
  if (::lstat(address.host.c_str(), &found) != 0 || !S_ISSOCK(found.st_mode)) return;
  boost::asio::io_context context;
  Protocol::socket probe(context);
  error_code error;
  probe.open(endpoint.protocol(), error);
  probe.non_blocking(true, error);
  probe.connect(endpoint, error);
  if (error == boost::asio::error::connection_refused) ::unlink(address.host.c_str());
}

Error cannot_listen(const Address& address, const error_code& error) {
  const std::string what = "cannot listen on " + address.text() + ": " + error.message();
  if (address.local()) return {Code::kInternal, what + "; choose another path or end what uses it"};
  if (error == boost::asio::error::access_denied)
    return {Code::kInternal, what + "; ports below 1024 are for root: choose another port"};
  if (error.value() == EADDRNOTAVAIL)
    return {Code::kUnavailable, what + "; this machine does not have that address"};
  return {Code::kInternal, what + "; choose another port or end what uses it"};
}

// Binds and listens; on failure says which address and what to do. kUnavailable: the address may still come.
Status bind(Acceptor& acceptor, const Address& address, bool shared) {
  const Result<Protocol::endpoint> endpoint = endpoint_of(address);
  if (!endpoint) return endpoint.error();
  error_code error;
  acceptor.open(endpoint->protocol(), error);
  if (address.local()) {
    remove_stale(address, *endpoint);
    // The file gets this mode when it is made.
    if (!error && ::fchmod(acceptor.native_handle(), S_IRUSR | S_IWUSR) != 0)
      error.assign(errno, boost::system::system_category());
  } else if (!error) {
    acceptor.set_option(Acceptor::reuse_address(true), error);
  }
  if (!error && shared) acceptor.set_option(ReusePort(true), error);
  if (!error) acceptor.bind(*endpoint, error);
  if (!error) acceptor.listen(boost::asio::socket_base::max_listen_connections, error);
  return error ? cannot_listen(address, error) : ok_status();
}

// One dial: a name is looked up, what it stands for is tried, and at the end of the time all of it is given up.
class Attempt : public std::enable_shared_from_this<Attempt> {
 public:
  Attempt(boost::asio::io_context& context, const Address& address, std::function<void(Result<Stream>)> done)
      : address_(address), done_(std::move(done)), socket_(context), resolver_(context), timer_(context) {}

  void start(std::int64_t timeout_us) {
    timer_.expires_after(std::chrono::microseconds(timeout_us));
    timer_.async_wait([self = shared_from_this()](const error_code& cancelled) {
      if (!cancelled) self->end(boost::asio::error::timed_out);
    });
    if (const auto one = endpoint_of(address_)) return connect({*one});
    resolver_.async_resolve(
        address_.host, std::to_string(address_.port),
        [self = shared_from_this()](const error_code& unknown, const tcp::resolver::results_type& found) {
          if (unknown) return self->end(unknown);
          std::vector<Protocol::endpoint> places;
          for (const auto& one : found) places.emplace_back(one.endpoint());
          self->connect(std::move(places));
        });
  }

 private:
  void connect(std::vector<Protocol::endpoint> places) {
    if (!done_) return;
    places_ = std::move(places);
    boost::asio::async_connect(
        socket_, places_,
        [self = shared_from_this()](const error_code& failed, const auto&) { self->end(failed); });
  }
  void end(const error_code& failed) {
    if (!done_) return;
    const auto done = std::exchange(done_, nullptr);
    timer_.cancel();
    if (!failed) return done(stream_of(std::move(socket_), address_, true));
    resolver_.cancel();
    error_code ignored;
    socket_.close(ignored);
    done(Error{Code::kUnreachable, address_.text() + ": " + failed.message()});
  }

  Address address_;
  std::function<void(Result<Stream>)> done_;  // null: it is over
  std::vector<Protocol::endpoint> places_;
  Protocol::socket socket_;
  tcp::resolver resolver_;
  boost::asio::steady_timer timer_;
};

}  // namespace

void dial(boost::asio::io_context& context, const Address& address, std::int64_t timeout_us,
          std::function<void(Result<Stream>)> done) {
  if (address.local() && address.host.size() > kSocketPathBytesMax)
    return boost::asio::post(context, [address, done = std::move(done)] { done(path_too_long(address.host)); });
  std::make_shared<Attempt>(context, address, std::move(done))->start(timeout_us);
}

Listener::Listener(boost::asio::io_context& context, Address address, Accepted accepted)
    : acceptor_(context), pause_(context), address_(std::move(address)), accepted_(std::move(accepted)) {}

Result<std::unique_ptr<Listener>> Listener::open(boost::asio::io_context& context, const Address& address,
                                                 Accepted accepted, bool shared) {
  std::unique_ptr<Listener> listener(new Listener(context, address, std::move(accepted)));
  if (const Status bound = bind(listener->acceptor_, address, shared); !bound) {
    listener->acceptor_.close();  // not close(): the file belongs to somebody else
    return bound.error();
  }
  listener->accept();
  return listener;
}

void Listener::accept() {
  acceptor_.async_accept([this](const error_code& error, Stream::Socket socket) {
    if (error == boost::asio::error::operation_aborted) return;
    if (error) return accept_later();
    accepted_(stream_of(std::move(socket), address_, false));
    accept();
  });
}

// Out of descriptors, most likely: the connection still waits, and to ask again at once would be to spin.
void Listener::accept_later() {
  pause_.expires_after(std::chrono::milliseconds(50));
  pause_.async_wait([this](const error_code& cancelled) {
    if (!cancelled) accept();
  });
}

std::uint16_t Listener::port() const {
  error_code ignored;
  const Protocol::endpoint here = acceptor_.local_endpoint(ignored);
  sockaddr_in6 address{};  // IPv4 has its port at the same place
  if (address_.local() || here.size() > sizeof address) return 0;
  std::memcpy(&address, here.data(), here.size());
  return ntohs(address.sin6_port);
}

void Listener::close() {
  if (!acceptor_.is_open()) return;
  pause_.cancel();
  if (address_.local()) ::unlink(address_.host.c_str());
  error_code ignored;
  acceptor_.close(ignored);
}

Status can_listen(const Address& address) {
  boost::asio::io_context context;
  Acceptor acceptor(context);
  return bind(acceptor, address, false);
}

}  // namespace titer::net
