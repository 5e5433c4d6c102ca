// SPDX-License-Identifier: Apache-2.0

#include "host/descriptors.h"

#include <fmt/format.h>

#include <algorithm>

#include "api/limits.h"
#include "base/check.h"
#include "base/limits.h"

namespace titer::host {

namespace {

constexpr std::size_t kOwnMin = 80, kOwnMax = 256;
constexpr std::size_t kTablesMin = 16, kTablesMax = 256;
constexpr std::size_t kNewcomersMin = 8;
static_assert(kOwnMin + kTablesMin + kNewcomersMin < kDescriptorsMin);

}  // namespace

Result<Descriptors> divide_descriptors(std::size_t limit) {
  if (limit < kDescriptorsMin)
    return Error{
        Code::kInvalid,
        fmt::format("this process may have {} open files and connections, and a replica needs at least {}: "
                    "raise the limit (ulimit -n, LimitNOFILE=)",
                    limit, kDescriptorsMin)};
  Descriptors out;
  out.limit = limit;
  out.own = std::clamp(limit / 2, kOwnMin, kOwnMax);
  out.tables = std::clamp(limit / 8, kTablesMin, kTablesMax);
  out.newcomers = std::clamp(limit / 16, kNewcomersMin, limits::kNewcomersMax);
  const std::size_t left = limit - out.own - out.tables - out.newcomers;
  out.clients = std::min(left / 2, limits::kClientsMax);
  out.http = std::min(left - out.clients, api::limits::kConnectionsMax);
  TITER_CHECK(out.own + out.tables + out.newcomers + out.clients + out.http <= limit,
              "no descriptor is given twice");
  return out;
}

std::string Descriptors::text() const {
  return fmt::format(
      "of {} descriptors {} are for clients of the wire, {} for HTTP, {} for newcomers, {} for tables; {} are kept "
      "for "
      "replicas, journal, register and log",
      limit, clients, http, newcomers, tables, own);
}

net::PlaceLimits place_limits(std::size_t share, const ConnectionSettings& settings) {
  net::PlaceLimits out;
  out.in_all = settings.in_all > 0 ? std::min<std::size_t>(settings.in_all, share) : share;
  const std::size_t quarter = std::max<std::size_t>(1, out.in_all / 4);
  out.per_address = settings.per_address > 0 ? std::min<std::size_t>(settings.per_address, out.in_all) : quarter;
  return out;
}

}  // namespace titer::host
