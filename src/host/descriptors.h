// SPDX-License-Identifier: Apache-2.0

// Descriptors: how the files and connections that the system lets a process have (RLIMIT_NOFILE) are divided, so that clients
// never use up those that a replica needs to live: for its links to other replicas, its journal and tables, the register, the
// log. Without a reserve a crowd of clients looks like a disk that has failed.
//
// The shares are upper limits that are enforced where connections are accepted; together they are at most the limit. `own` is
// what a replica opens at most beside them: 16 links, each twice while one is replaced; 32 segments of the journal; the links
// of HTTP to its own replica, both ends (a worker, 4 imports, 16 auditors); listeners, logs, etcd.
// With less than kDescriptorsMin nothing could be promised: the process does not start.
// Pure.
#pragma once

#include <cstddef>
#include <string>

#include "base/result.h"
#include "net/places.h"

namespace titer::host {

inline constexpr std::size_t kDescriptorsMin = 128;

struct Descriptors {
  std::size_t limit = 0;
  std::size_t own = 0;
  std::size_t tables = 0;     // files that the database of the tables keeps open
  std::size_t newcomers = 0;  // wire connections that have not said hello
  std::size_t clients = 0;    // of the wire
  std::size_t http = 0;       // connections of HTTP

  // For the log.
  [[nodiscard]] std::string text() const;
};

// kInvalid: too few; it says how many are needed.
[[nodiscard]] Result<Descriptors> divide_descriptors(std::size_t limit);

// What an operator asked for; 0: as many as there is room for.
struct ConnectionSettings {
  std::uint32_t in_all = 0;       // of the wire, and of HTTP
  std::uint32_t per_address = 0;  // likewise
};
// The limits of a door with room for `share` connections: those of the operator, if there is room for them. Of one address: a
// quarter, so that four have to conspire to use up a door.
[[nodiscard]] net::PlaceLimits place_limits(std::size_t share, const ConnectionSettings& settings);

}  // namespace titer::host
