// SPDX-License-Identifier: Apache-2.0

// What a replica says of itself (the JSON of wire kStatus; docs/how-to/operations.md), as far as commands use it.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"
#include "client/addresses.h"
#include "client/status_probe.h"
#include "net/loop.h"

namespace titer::load {

// What its disk has done since the process was started; all 0 with durability `memory`.
struct DiskWork {
  std::uint64_t syncs = 0, sync_us = 0, records = 0, record_bytes = 0, written_bytes = 0, tables_written = 0;

  DiskWork& operator+=(const DiskWork& other);
  DiskWork& operator-=(const DiskWork& other);
};

struct ReplicaStatus {
  net::Address address;
  Result<std::string> json = Error{Code::kUnreachable, "not asked"};  // the rest is meaningful when ok
  std::uint64_t replica = 0, view = 0, target = 0, clock = 0, position = 0, sites = 0, memory_bytes = 0;
  std::uint64_t frames_sent = 0, peer_messages_sent = 0, uptime_ms = 0;
  std::uint64_t executed = 0;  // requests, since the process was started
  DiskWork disk;
  std::string digest, durability;
  std::vector<std::uint64_t> limping;  // other replicas, as this one sees them
  bool full = false, wedged = false, lease = false;
  bool join_delayed = false;  // it cannot join: changes come faster than it receives them

  [[nodiscard]] bool ok() const { return json.ok(); }
  [[nodiscard]] std::string state() const;  // "serving", "learning", "changing view", "unreachable", …
};

[[nodiscard]] ReplicaStatus read_status(client::StatusAnswer answer);
// Those at `addresses` and, when `follow`, the other members of their views, by replica number.
[[nodiscard]] std::vector<ReplicaStatus> ask_replicas(net::Loop& loop, const client::Addresses& addresses,
                                                      bool follow);

}  // namespace titer::load
