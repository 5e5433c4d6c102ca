// SPDX-License-Identifier: Apache-2.0

// Status probe: asks replicas for their status, all at the same time, for `titer status` and the load generator.
// Thread rule: runs the loop inside the call. Errors: one per replica, in its answer.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "client/addresses.h"
#include "net/loop.h"

namespace titer::client {

struct StatusAnswer {
  net::Address address;
  Result<std::string> json = Error{Code::kUnreachable, "not asked"};
};

// Asks all addresses and, when `follow`, the members of the views that the answers name. In the order of
// `addresses`, then of discovery. Each has `timeout_us` to answer.
[[nodiscard]] std::vector<StatusAnswer> ask_status(net::Loop& loop, const Addresses& addresses, bool follow,
                                                   std::int64_t timeout_us = 1'000'000);

}  // namespace titer::client
