// SPDX-License-Identifier: Apache-2.0

// Invariants: I1 … I10 of docs/explanation/protocol.md, as far as one replica can see them, after every step.
//
// Basic checks look at the state as it is; delta checks compare with the snapshot taken before the step. Invariants
// across replicas (I2, I3, I6, I9, I10) are checked by the schedules of the tests.
//
// Compiled in with TITER_INVARIANTS. Cost: O(streams + executions of the step). Thread rule: its replica's.
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/ids.h"
#include "smr/types.h"

namespace titer::smr {

class ReplicaCore;
struct Output;

class Invariants {
 public:
  void before(const ReplicaCore& core, const Output& out);
  void after(const ReplicaCore& core, const Output& out) const;

 private:
  void check_streams(const ReplicaCore& core) const;
  void check_delta(const ReplicaCore& core) const;
  void check_output(const ReplicaCore& core, const Output& out) const;

  // The snapshot before the step.
  LamportTime clock_;
  ViewNumber installed_;
  ViewNumber record_;
  Uid last_executed_;
  Seq own_held_;
  bool full_ = false;
  bool wedged_ = false;
  std::uint64_t frames_sent_ = 0;
  std::size_t executions_ = 0;  // entries of Output::execute that were there before
  std::size_t installs_ = 0;
};

}  // namespace titer::smr
