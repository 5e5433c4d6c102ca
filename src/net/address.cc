#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <charconv>
#include <memory>
#include <utility>

#include "net/connection.h"

namespace titer::net {

namespace {

using boost::asio::ip::tcp;
using boost::system::error_code;
using ReusePort = boost::asio::detail::socket_option::boolean<SOL_SOCKET, SO_REUSEPORT>;

Result<tcp::endpoint> endpoint_of(const Address& address) {
  error_code error;
  const auto ip = boost::asio::ip::make_address(address.host == "localhost" ? "127.0.0.1" : address.host, error);
  if (error) return Error{Code::kInvalid, address.host + " is not an IP address"};
  return tcp::endpoint(ip, address.port);
}

// Binds and listens; on failure says which address and what to do.
Status bind(tcp::acceptor& acceptor, const Address& address, bool shared) {
  const Result<tcp::endpoint> endpoint = endpoint_of(address);
  if (!endpoint) return endpoint.error();
  error_code error;
  acceptor.open(endpoint->protocol(), error);
  if (!error) acceptor.set_option(tcp::acceptor::reuse_address(true), error);
  if (!error && shared) acceptor.set_option(ReusePort(true), error);
  if (!error) acceptor.bind(*endpoint, error);
  if (!error) acceptor.listen(boost::asio::socket_base::max_listen_connections, error);
  if (error)
    return Error{Code::kInternal, "cannot listen on " + address.text() + ": " + error.message() +
                                      "; choose another port or end what uses it"};
  return ok_status();
}

}  // namespace

Result<Address> parse_address(std::string_view text) {
  Address address;
  std::string_view port = text;
  if (const std::size_t colon = text.rfind(':'); colon != std::string_view::npos) {
    if (colon > 0) address.host = std::string(text.substr(0, colon));
    port = text.substr(colon + 1);
  }
  const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), address.port);
  if (error != std::errc() || end != port.data() + port.size() || address.port == 0)
    return Error{Code::kInvalid, "'" + std::string(text) + "' is not PORT or HOST:PORT"};
  return address;
}

void dial(boost::asio::io_context& context, const Address& address, std::int64_t timeout_us,
          std::function<void(Result<Connection::Socket>)> done) {
  const Result<tcp::endpoint> endpoint = endpoint_of(address);
  if (!endpoint) return done(endpoint.error());
  struct Attempt {
    tcp::socket socket;
    boost::asio::steady_timer timer;
    std::function<void(Result<Connection::Socket>)> done;
  };
  auto attempt =
      std::make_shared<Attempt>(Attempt{tcp::socket(context), boost::asio::steady_timer(context), std::move(done)});
  attempt->timer.expires_after(std::chrono::microseconds(timeout_us));
  attempt->timer.async_wait([attempt](const error_code& cancelled) {
    error_code ignored;
    if (!cancelled) attempt->socket.close(ignored);
  });
  attempt->socket.async_connect(*endpoint, [attempt, address](const error_code& error) {
    attempt->timer.cancel();
    if (error) return attempt->done(Error{Code::kUnreachable, address.text() + ": " + error.message()});
    attempt->done(Connection::Socket(std::move(attempt->socket)));
  });
}

Listener::Listener(boost::asio::io_context& context, Accepted accepted)
    : acceptor_(context), pause_(context), accepted_(std::move(accepted)) {}

Result<std::unique_ptr<Listener>> Listener::open(boost::asio::io_context& context, const Address& address,
                                                 Accepted accepted, bool shared) {
  std::unique_ptr<Listener> listener(new Listener(context, std::move(accepted)));
  if (const Status bound = bind(listener->acceptor_, address, shared); !bound) return bound.error();
  listener->accept();
  return listener;
}

void Listener::accept() {
  acceptor_.async_accept([this](const error_code& error, tcp::socket socket) {
    if (error == boost::asio::error::operation_aborted) return;
    if (error) return accept_later();
    accepted_(Connection::Socket(std::move(socket)));
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

void Listener::close() {
  pause_.cancel();
  error_code ignored;
  acceptor_.close(ignored);
}

Status can_listen(const Address& address) {
  boost::asio::io_context context;
  tcp::acceptor acceptor(context);
  return bind(acceptor, address, false);
}

}  // namespace titer::net
