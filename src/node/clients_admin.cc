// SPDX-License-Identifier: Apache-2.0

// What only operators ask of a replica: backups, traces, and the life and death of replicas.
#include <utility>

#include "node/clients.h"
#include "wire/token.h"

namespace titer::node {

Status Clients::authorize(const Client& client, registry::Act act) const {
  if (client.remote && client.key == registry::kNoKey)
    return Error{Code::kUnauthorized, std::string(wire::kRemoteNeedsKey)};
  return engine_.machine.registry().judge(client.key, act, net::wall_now());
}

void Clients::handle_admin_command(Client& client, const wire::Message& message) {
  net::Connection& connection = *client.connection;
  if (message.type == wire::Type::kOperate) return handle_operate(client, message.payload);
  if (const Status allowed = authorize(client, registry::Act::kOperate); !allowed)
    return connection.fail(allowed.error().code, allowed.error().message);
  if (message.type == wire::Type::kBackupAsk) return backups_.begin(connection);
  wire::encode_trace(connection.outgoing(), options_.trace());
  mark(client);
}

void Clients::handle_operate(Client& client, ByteView payload) {
  auto ask = wire::decode_operate(payload);
  if (!ask) return client.connection->fail(ask.error().code, ask.error().message);
  if (const Status allowed = authorize(client, registry::Act::kOperate); !allowed) {
    wire::encode(client.connection->outgoing(),
                 wire::Operated{ask->token, allowed.error().code, allowed.error().message});
    return mark(client);
  }
  const std::uint64_t command = next_command_++;
  admin_commands_.emplace(command, AdminCommand{client.connection->tag, std::exchange(ask->token, command)});
  // The supervisor may be gone and never answer these.
  if (admin_commands_.size() > kAdminCommandsMax)
    return on_operated(
        {command, Code::kBusy, "too many admin commands wait for the supervisor; look at the status"});
  if (const Status passed = options_.operate(*ask); !passed)
    on_operated({command, passed.error().code, passed.error().message});
}

void Clients::on_operated(wire::Operated answer) {
  const auto it = admin_commands_.find(answer.token);
  if (it == admin_commands_.end()) return;
  const AdminCommand command = it->second;
  admin_commands_.erase(it);
  Client* client = find(command.client);
  if (client == nullptr) return;
  answer.token = command.token;
  wire::encode(client->connection->outgoing(), answer);
  mark(*client);
  loop_.wake_at(net::boot_now());
}

}  // namespace titer::node
