// SPDX-License-Identifier: Apache-2.0

// ReadFence: when a local linearizable read may look at the state (§2.7; Hermes 2020).
//
// A write is answered only when every replica holds it, so every write that was answered before the read arrived is
// either executed here or among the frames with requests that are held here. Frames execute in uid order, so it is
// enough to remember the highest uid held: the read is ready when that one is executed. The fences of later reads are
// not lower, within a view, so the reads wait in one queue; with a new view all of them are ready when what it holds is executed.
//
// Readers on other threads do the same with terms() (read_terms.h).
// The read is valid only while the read lease holds (lease.h): the driver checks the lease after it has read the
// state.
// Thread rule: none; belongs to its replica.
#pragma once

#include <cstdint>
#include <deque>

#include "smr/read_terms.h"
#include "smr/replica_context.h"
#include "smr/rules.h"

namespace titer::smr {

class ReadFence {
 public:
  void read(ReplicaContext& c, std::uint64_t token) {
    const ReadTerms now = terms(c);
    if (!now.serves) {
      c.out->reads_refused.push_back(token);
    } else if (now.passed(now.held)) {
      c.out->reads_ready.push_back(token);
    } else {
      waiting_.push_back({now.held, token});
    }
  }
  // Without a lease.
  [[nodiscard]] static ReadTerms terms(const ReplicaContext& c) {
    ReadTerms out;
    out.serves = c.full && c.halted.empty();
    out.executed = c.last_executed;
    out.held = rule_enabled(ProtocolRule::kReadsWait) ? c.newest_request : c.last_executed;
    return out;
  }
  // After executions.
  void release(ReplicaContext& c) {
    const ReadTerms now = terms(c);
    while (!waiting_.empty() && now.passed(waiting_.front().after)) {
      c.out->reads_ready.push_back(waiting_.front().token);
      waiting_.pop_front();
    }
  }
  [[nodiscard]] std::size_t waiting() const { return waiting_.size(); }

 private:
  struct Waiting {
    Uid after;
    std::uint64_t token;
  };
  std::deque<Waiting> waiting_;  // `after` does not fall from front to back
};

}  // namespace titer::smr
