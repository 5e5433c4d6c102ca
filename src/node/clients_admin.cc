// SPDX-License-Identifier: Apache-2.0

// What only operators ask of a replica: backups, traces, and the life and death of replicas; and the status.
#include <utility>

#include "base/check.h"
#include "node/clients.h"
#include "wire/token.h"

namespace titer::node {

Status Clients::authorize(const Client& client, registry::Act act) const {
  if (client.remote && client.key == registry::kNoKey)
    return Error{Code::kUnauthorized, std::string(wire::kRemoteNeedsKey)};
  return engine_.machine.registry().judge(client.key, act, env_.wall_now());
}

void Clients::handle_admin_command(Client& client, const wire::Message& message) {
  net::Connection& connection = *client.connection;
  if (message.type == wire::Type::kOperate) return handle_operate(client, message.payload);
  if (const Status allowed = authorize(client, registry::Act::kOperate); !allowed)
    return connection.fail(allowed.error().code, allowed.error().message);
  if (message.type == wire::Type::kBackupAsk && engine_.restarts)
    return connection.fail(Code::kUnavailable, "this replica restarts; try again in a moment");
  if (message.type == wire::Type::kBackupAsk) return backups_.begin(connection, client.address);
  ask_text(client, message.type);
}

void Clients::ask_text(Client& client, wire::Type type) {
  texts_.add(client.connection->tag, static_cast<std::uint64_t>(type));
  ++client.reads;
  pause_or_resume(client);
}

// The text is made once a turn, however many ask for it.
void Clients::answer_texts(BootTime now) {
  if (texts_.empty()) return;
  std::string status, trace;
  for (std::size_t answered = 0; answered < limits::kTextsPerTurn; ++answered) {
    std::uint64_t id = 0;
    const auto type = texts_.take(&id);
    if (!type) return;
    Client* const asker = find(id);
    TITER_CHECK(asker != nullptr && asker->reads > 0, "a text is asked for by a client that is there");
    Client& client = *asker;
    if (*type == static_cast<std::uint64_t>(wire::Type::kStatusAsk)) {
      if (status.empty()) status = options_.status();
      wire::encode_status(client.connection->outgoing(), status);
    } else {
      if (trace.empty()) trace = options_.trace();
      wire::encode_trace(client.connection->outgoing(), trace);
    }
    --client.reads;
    mark(client);
    if (client.paused) pause_or_resume(client);
  }
  if (!texts_.empty()) env_.wake_at(now);
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
  env_.wake_at(env_.boot_now());
}

}  // namespace titer::node
