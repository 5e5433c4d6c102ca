// SPDX-License-Identifier: Apache-2.0

// For how many clients there is room, and for how much of their messages.
#include <algorithm>
#include <utility>
#include <vector>

#include "base/limits.h"
#include "node/clients.h"

namespace titer::node {

Clients::Stats Clients::stats() const {
  return {places_.limits().in_all, places_.limits().per_address, gave_way_, turned_away_,
          watchers_.count(),       watchers_.fallen_behind()};
}

Status Clients::take_place(std::uint64_t address) {
  Status place = places_.take(address);
  if (!place && place.error().code == Code::kBusy) {
    give_way();
    place = places_.take(address);
  }
  if (!place) ++turned_away_;
  return place;
}

bool Clients::waits(std::uint64_t id, const Client& client) const {
  const net::Connection& connection = *client.connection;
  return client.reads + client.requests + connection.waiting() > 0 || is_direct_client(client.transmitter) ||
         watchers_.watches(connection) || backups_.gives(connection) ||
         std::ranges::any_of(admin_commands_, [id](const auto& one) { return one.second.client == id; });
}

void Clients::give_way() {
  std::vector<net::Idle<std::uint64_t>> idle;
  for (const auto& [id, client] : clients_)
    if (client->address != 0 && now_.value - client->heard.value >= kIdleUs && !waits(id, *client))
      idle.emplace_back(client->heard, id);
  net::longest_idle(idle);
  for (const auto& [since, id] : idle) {
    find(id)->connection->close(Code::kBusy, "you were idle, and another client needs the place; connect again");
    forget(id);
    ++gave_way_;
  }
}

std::size_t Clients::message_bytes_max(const Client& client) const {
  const bool needs_key = client.remote || engine_.machine.registry().has_keys();
  if (client.key == registry::kNoKey && needs_key) return limits::kStrangerMessageBytesMax;
  return is_direct_client(client.transmitter) ? limits::kDirectMessageBytesMax : limits::kClientMessageBytesMax;
}

void Clients::limit_messages(Client& client) {
  client.connection->limit_receiving(message_bytes_max(client), budget_);
}

void Clients::check_unfinished_messages(BootTime now) {
  next_message_check_ = later(now, kCheckMessagesUs);
  for (const auto& [id, client] : clients_) {
    const auto since = client->connection->unfinished_since();
    if (since && now.value - since->value > limits::kUnfinishedUs)
      client->connection->fail(Code::kProtocol, "your message is not whole after 30 seconds; send it faster");
  }
}

}  // namespace titer::node
