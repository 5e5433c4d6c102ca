// SPDX-License-Identifier: Apache-2.0

#include "node/acceptor.h"

#include <utility>

#include "base/limits.h"

namespace titer::node {

Result<std::unique_ptr<Acceptor>> Acceptor::open(net::Loop& loop, const std::vector<net::Address>& addresses,
                                                 Admit admit) {
  std::unique_ptr<Acceptor> acceptor(new Acceptor(loop, std::move(admit)));
  for (const net::Address& address : addresses) {
    auto listener = net::Listener::open(loop.context(), address, [acceptor = acceptor.get()](net::Stream stream) {
      acceptor->accept(std::move(stream));
    });
    if (!listener) return listener.error();
    acceptor->listeners_.push_back(std::move(listener).value());
  }
  return acceptor;
}

void Acceptor::accept(net::Stream stream) {
  const bool secure = stream.secure();
  auto connection = net::Connection::make(std::move(stream), *this, limits::kClientSendBytesMax);
  connection->handle_in(&loop_.queue());
  const BootTime until(net::boot_now().value + limits::kHandshakeUs);
  waiting_.emplace(connection.get(), Waiting{connection, until, secure});
  connection->start();
}

void Acceptor::close() {
  for (const auto& listener : listeners_) listener->close();
}

Acceptor::~Acceptor() {
  for (const auto& [key, waiting] : waiting_) waiting.connection->detach();
}

void Acceptor::on_turn(BootTime now) {
  if (waiting_.empty()) return;
  std::vector<net::ConnectionPtr> silent;
  for (const auto& [key, waiting] : waiting_) {
    if (now >= waiting.until)
      silent.push_back(waiting.connection);
    else
      loop_.wake_at(waiting.until);
  }
  for (const net::ConnectionPtr& connection : silent)
    connection->fail(Code::kProtocol, "you said nothing; say hello within 5 seconds of connecting");
}

void Acceptor::on_message(net::Connection& connection, const wire::Message& message) {
  if (message.type != wire::Type::kHello)
    return connection.fail(Code::kProtocol, "the first message must be a hello");
  const auto hello = wire::decode_hello(message.payload);
  if (!hello) return connection.fail(hello.error().code, hello.error().message);
  waiting_.erase(&connection);
  admit_(connection, *hello);
}

void Acceptor::on_closed(net::Connection& connection, const std::string& reason) {
  const auto it = waiting_.find(&connection);
  const bool tell = reason.starts_with("cut off") || (it != waiting_.end() && it->second.secure);
  if (it != waiting_.end()) waiting_.erase(it);
  if (tell) refusals_.tell(net::boot_now(), "a newcomer was not let in: " + reason);
}

}  // namespace titer::node
