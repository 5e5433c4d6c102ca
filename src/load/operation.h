// SPDX-License-Identifier: Apache-2.0

// What one request of the load asks, made from its session and number alone: so a repetition asks the same, and the
// history can say what was asked.
#pragma once

#include <cstdint>
#include <optional>

#include "base/bytes.h"
#include "check/history.h"
#include "load/sites.h"
#include "registry/request.h"
#include "registry/types.h"

namespace titer::load {

struct LoadOperation {
  check::OpKind kind = check::OpKind::kReserve;
  registry::Availability value;  // of a set
  std::int64_t amount = 1;
  bool conditional = false;  // only at the version that was seen last
};

// `session` is the session's place among the connections (sets name it), `salt` makes workload `all` differ between loads.
[[nodiscard]] LoadOperation load_operation(SiteUse use, std::size_t session, std::uint64_t salt,
                                           std::uint64_t number);

// `body` becomes the request of a site of SiteUse::kAll, in the name of that key.
void encode_operation(const LoadOperation& op, const LoadSite& site, std::optional<std::uint32_t> if_version,
                      registry::KeyId key, Bytes& body);

// What an outcome, or the rows that answer a view, show of the stock line.
[[nodiscard]] std::optional<check::Shown> shown_by(const registry::Outcome& outcome);
[[nodiscard]] std::optional<check::Shown> shown_by(ByteView site_rows);

}  // namespace titer::load
