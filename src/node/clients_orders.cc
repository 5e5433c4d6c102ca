// What only operators ask of a replica: backups, traces, and the life and death of replicas.
#include <utility>

#include "node/clients.h"
#include "wire/token.h"

namespace titer::node {

Status Clients::may(const Client& client, registry::Act act) const {
  if (client.beyond && client.key == registry::kNobody)
    return Error{Code::kUnauthorized, std::string(wire::kKeyBeyond)};
  return engine_.machine.registry().judge(client.key, act, net::wall_now());
}

void Clients::order(Client& client, const wire::Message& message) {
  net::Connection& connection = *client.connection;
  if (message.type == wire::Type::kOperate) return operate(client, message.payload);
  if (const Status allowed = may(client, registry::Act::kOperate); !allowed)
    return connection.fail(allowed.error().code, allowed.error().message);
  if (message.type == wire::Type::kBackupAsk) return backups_.begin(connection);
  wire::encode_trace(connection.outgoing(), asks_.trace());
  mark(client);
}

void Clients::operate(Client& client, ByteView payload) {
  auto ask = wire::decode_operate(payload);
  if (!ask) return client.connection->fail(ask.error().code, ask.error().message);
  if (const Status allowed = may(client, registry::Act::kOperate); !allowed) {
    wire::encode(client.connection->outgoing(),
                 wire::Operated{ask->token, allowed.error().code, allowed.error().message});
    return mark(client);
  }
  const std::uint64_t order = next_read_++;
  orders_.emplace(order, Order{client.connection->tag, std::exchange(ask->token, order)});
  // The supervisor may be gone and never answer these.
  if (orders_.size() > kOrdersMax)
    return operated({order, Code::kBusy, "too many orders wait for the supervisor; look at the status"});
  if (const Status passed = asks_.operate(*ask); !passed)
    operated({order, passed.error().code, passed.error().message});
}

void Clients::operated(wire::Operated answer) {
  const auto it = orders_.find(answer.token);
  if (it == orders_.end()) return;
  const Order order = it->second;
  orders_.erase(it);
  Client* client = find(order.client);
  if (client == nullptr) return;
  answer.token = order.token;
  wire::encode(client->connection->outgoing(), answer);
  mark(*client);
  loop_.wake_at(net::boot_now());
}

}  // namespace titer::node
