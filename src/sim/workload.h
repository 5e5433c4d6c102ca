// SPDX-License-Identifier: Apache-2.0

// Workload: what clients ask. Writes and reads of few sites, so that clients meet; and changes of many others, so that
// there is a state to transfer.
//
// The sites that are compared are added before anything fails and never closed: that is what the model of module
// `check` knows. Requests for other sites are compared with the ledger only.
#pragma once

#include <optional>
#include <string>

#include "check/history.h"
#include "registry/request.h"
#include "sim/scene.h"

namespace titer::sim {

struct Asked {
  Bytes body;                   // wire::encode_request
  std::optional<check::Op> op;  // none: not compared
};

[[nodiscard]] std::string compared_site(std::uint64_t n);
[[nodiscard]] Asked add_site(const std::string& id);
[[nodiscard]] Asked random_write(Scene& scene);
[[nodiscard]] Asked random_read(Scene& scene);  // wire::encode_query
[[nodiscard]] Asked read_of(const std::string& site);

// The key that an encoded request has; empty: none.
[[nodiscard]] std::string idempotency_key(ByteView body);

// What the answers showed, into the operation. False: they cannot be read.
void take_outcome(const registry::Outcome& outcome, check::Op& op);
[[nodiscard]] bool take_rows(ByteView rows, check::Op& op);

}  // namespace titer::sim
