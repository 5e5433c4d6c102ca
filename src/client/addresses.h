// SPDX-License-Identifier: Apache-2.0

// Addresses: where the replicas are, as users write it after --at, and the default for a cluster on this machine. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "net/connection.h"
#include "smr/types.h"

namespace titer::client {

using Addresses = std::vector<net::Address>;

inline constexpr std::uint16_t kFirstPort = 8892;
inline constexpr std::uint16_t kDefaultPorts = 7;  // 8892 … 8898: the largest cluster that is usual on one machine

// Each text is PORT, HOST:PORT, unix:/PATH or several of them with commas between. Repeated ones are dropped.
// Error (kInvalid) names the one that is wrong.
[[nodiscard]] Result<Addresses> parse_addresses(const std::vector<std::string>& texts);
// 127.0.0.1, ports 8892 to 8898.
[[nodiscard]] Addresses default_addresses();
// All are Unix sockets: their clients act as the machine's own operator.
[[nodiscard]] bool all_local(const Addresses& addresses);
// Adds what is not yet there. True: it was new.
bool add_address(Addresses& addresses, const net::Address& address);
// Adds the members' addresses, to be spoken to like the first one in the list. Addresses that cannot be parsed are
// left out (they came from outside).
void add_members(Addresses& addresses, const smr::ViewRecord& view);
// "127.0.0.1:8892, 127.0.0.1:8893"
[[nodiscard]] std::string to_text(const Addresses& addresses);

}  // namespace titer::client
