// SPDX-License-Identifier: Apache-2.0

#include "node/acceptor.h"

#include <algorithm>
#include <utility>

#include "base/limits.h"

namespace titer::node {

Result<std::unique_ptr<Acceptor>> Acceptor::open(net::Environment& env, const std::vector<net::Address>& addresses,
                                                 std::size_t newcomers_max, Admit admit) {
  std::unique_ptr<Acceptor> acceptor(new Acceptor(env, newcomers_max, std::move(admit)));
  for (const net::Address& address : addresses) {
    auto listening = env.listen(
        address, [acceptor = acceptor.get()](net::ByteStreamPtr stream) { acceptor->accept(std::move(stream)); });
    if (!listening) return listening.error();
    acceptor->listeners_.push_back(std::move(listening).value());
  }
  return acceptor;
}

void Acceptor::accept(net::ByteStreamPtr stream) {
  if (waiting_.size() >= newcomers_max_) give_way();
  const bool secure = stream->secure();
  const std::uint64_t address = stream->peer_number();
  auto connection = net::Connection::make(env_, std::move(stream), *this, limits::kClientSendBytesMax);
  connection->tag = next_++;
  connection->handle_in(&env_.queue());
  connection->limit_receiving(limits::kHelloMessageBytesMax);
  const BootTime until(env_.boot_now().value + limits::kHandshakeUs);
  waiting_.emplace(connection->tag, Waiting{connection, until, address, secure});
  connection->start();
}

void Acceptor::give_way() {
  boost::unordered_flat_map<std::uint64_t, std::size_t> by_address;
  for (const auto& [key, waiting] : waiting_) ++by_address[waiting.address];
  const auto before = [&](const auto& a, const auto& b) {  // a goes before b
    const std::size_t of_a = by_address[a.second.address], of_b = by_address[b.second.address];
    if (of_a != of_b) return of_a > of_b;
    return a.second.until != b.second.until ? a.second.until < b.second.until : a.first < b.first;
  };
  const auto gone = std::ranges::min_element(waiting_, before);
  const net::ConnectionPtr connection = gone->second.connection;
  waiting_.erase(gone);
  connection->close(Code::kBusy, "too many connections wait here that have not said hello; connect again");
}

void Acceptor::close() {
  for (const auto& listener : listeners_) listener->close();
}

Acceptor::~Acceptor() {
  for (const auto& [key, waiting] : waiting_) waiting.connection->detach();
}

void Acceptor::on_turn(BootTime now) {
  log_.tell_left_out(now);
  if (waiting_.empty()) return;
  std::vector<net::ConnectionPtr> silent;
  for (const auto& [key, waiting] : waiting_) {
    if (now >= waiting.until)
      silent.push_back(waiting.connection);
    else
      env_.wake_at(waiting.until);
  }
  for (const net::ConnectionPtr& connection : silent)
    connection->fail(Code::kProtocol, "you said nothing; say hello within 5 seconds of connecting");
}

void Acceptor::on_message(net::Connection& connection, const wire::Message& message) {
  if (message.type != wire::Type::kHello)
    return connection.fail(Code::kProtocol, "the first message must be a hello");
  const auto hello = wire::decode_hello(message.payload);
  if (!hello) return connection.fail(hello.error().code, hello.error().message);
  waiting_.erase(connection.tag);
  admit_(connection, *hello);
}

void Acceptor::on_closed(net::Connection& connection, const std::string& reason) {
  const auto it = waiting_.find(connection.tag);
  const bool tell = reason.starts_with("cut off") || (it != waiting_.end() && it->second.secure);
  if (it != waiting_.end()) waiting_.erase(it);
  if (tell) log_.warn("a newcomer was not let in: {}", reason);
}

}  // namespace titer::node
