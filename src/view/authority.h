// SPDX-License-Identifier: Apache-2.0

// Authority: detects a register that has gone back in time, or that is another one.
//
// Everything rests on the register never going back: a restored backup of etcd, or a wiped one, would offer views that
// were over long ago, to replicas that have moved on. So each replica keeps the highest that it has seen — of which etcd
// cluster, at which revision, which view — and refuses what is below (docs/explanation/protocol.md §4).
//
// Another etcd cluster is accepted in one case: an operator has accepted a loss of data (`titer recover`). Then the
// record has one more sentence about that, and its view is above every view that was seen.
//
// Pure. Its user keeps it on disk *before* acting on a record, so that no crash forgets a record that was acted on.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "view/cluster_record.h"

namespace titer::view {

struct Authority {
  std::uint64_t etcd = 0;     // its cluster id; 0: nothing has been seen yet
  std::int64_t revision = 0;  // at which the record was last changed
  ViewNumber view;
  std::uint64_t cluster = 0;  // of titer
  std::size_t losses = 0;     // sentences in the record
  bool operator==(const Authority&) const = default;
};

[[nodiscard]] Authority authority_of(std::uint64_t etcd, std::int64_t revision, const ClusterRecord& record);

// Why `now` cannot follow `seen`; nullopt: it can.
[[nodiscard]] std::optional<std::string> gone_back(const Authority& seen, const Authority& now);
// The record is not there at all: nullopt while none was ever seen.
[[nodiscard]] std::optional<std::string> gone(const Authority& seen);

}  // namespace titer::view
