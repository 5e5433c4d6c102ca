// SPDX-License-Identifier: Apache-2.0

// Engine: the pure half of a replica process — the protocol and the state machine — and what they want done.
//
// The modules' one meeting place: every source of inputs (links, clients, timers, the register) calls step(); the
// node's turn performs what has gathered in `out` (smr/replica.h has the order). Thread rule: the loop's thread.
#pragma once

#include <utility>

#include "machine/machine.h"
#include "net/loop.h"
#include "smr/replica.h"

namespace titer::node {

struct Engine {
  Engine(smr::Replica as, machine::Machine with) : replica(std::move(as)), machine(std::move(with)) {}

  // Reads the clock: leases are promised from the moment a heartbeat is seen, so `now` must not be older.
  void step(const smr::Input& input) { replica.step(net::boot_now(), input, out); }
  // Tells the protocol where the state machine stands.
  void stands() { step(smr::input::Executed{machine.position(), machine.digest(), machine.registry().time()}); }
  // May what was read be answered? One that leaves answers nothing: others count it as dead (docs/explanation/protocol.md §4).
  [[nodiscard]] bool read_lease(BootTime now, BootTime asked = {}) const {
    return !leaving && !restarts && replica.read_lease(now, asked);
  }

  smr::Replica replica;
  machine::Machine machine;
  smr::Output out;
  bool leaving = false;
  // The register does not know yet that the restart after the failure of all is over: nobody is answered, so that whoever has
  // everything by then still has it if this disk is lost (view/cluster_record.h).
  bool restarts = false;
};

}  // namespace titer::node
