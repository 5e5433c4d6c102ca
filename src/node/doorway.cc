#include "node/doorway.h"

#include <spdlog/spdlog.h>

#include <vector>

#include "base/limits.h"

namespace titer::node {

Result<std::unique_ptr<Doorway>> Doorway::open(net::Loop& loop, const net::Address& address, Admit admit) {
  std::unique_ptr<Doorway> door(new Doorway(loop, std::move(admit)));
  auto listener = net::Listener::open(loop.context(), address, [door = door.get()](net::Connection::Socket socket) {
    auto connection = net::Connection::make(std::move(socket), *door, limits::kClientSendBytesMax);
    const BootTime until(net::boot_now().value + limits::kHandshakeUs);
    door->waiting_.emplace(connection.get(), Waiting{connection, until});
    connection->start();
  });
  if (!listener) return listener.error();
  door->listener_ = std::move(listener).value();
  return door;
}

Doorway::~Doorway() {
  for (const auto& [key, waiting] : waiting_) waiting.connection->detach();
}

void Doorway::tend(BootTime now) {
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

void Doorway::on_message(net::Connection& connection, const wire::Message& message) {
  if (message.type != wire::Type::kHello)
    return connection.fail(Code::kProtocol, "the first message must be a hello");
  const auto hello = wire::decode_hello(message.payload);
  if (!hello) return connection.fail(hello.error().code, hello.error().message);
  waiting_.erase(&connection);
  admit_(connection, *hello);
}

void Doorway::on_closed(net::Connection& connection, const std::string& reason) {
  if (reason.starts_with("cut off")) spdlog::warn("a newcomer was {}", reason);
  waiting_.erase(&connection);
}

}  // namespace titer::node
