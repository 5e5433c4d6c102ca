// SPDX-License-Identifier: Apache-2.0

// Engine: the pure half of a replica process (the protocol and the state machine), and the outputs that are to be
// performed.
//
// The only place where all inputs meet: every source of inputs (links, clients, timers, the register) calls step();
// the node's turn performs what has gathered in `out` (smr/replica.h has the order). Thread rule: the loop's thread.
#pragma once

#include <utility>

#include "machine/machine.h"
#include "net/clock.h"
#include "node/observer.h"
#include "smr/replica.h"

namespace titer::node {

struct Engine {
  Engine(const net::Clock& by, smr::Replica as, machine::Machine with, NodeObserver* who_looks)
      : clock(by), replica(std::move(as)), machine(std::move(with)), observer(who_looks) {}

  // Reads the clock: leases are promised from the moment a heartbeat is seen, so `now` must not be older.
  void step(const smr::Input& input) { replica.step(clock.boot_now(), input, out); }
  // Tells the protocol where the state machine stands.
  void stands() {
    const std::uint64_t digest = observer == nullptr ? machine.digest() : observer->on_stands(*this);
    step(smr::input::Executed{machine.position(), digest, machine.registry().time()});
  }
  [[nodiscard]] bool answers() const { return !leaving && !restarts; }
  // May what was read be answered? One that leaves answers nothing: others count it as dead (docs/explanation/protocol.md §4).
  [[nodiscard]] bool read_lease(BootTime now, BootTime asked = {}) const {
    const bool held = answers() && replica.read_lease(now, asked);
    if (!held && observer != nullptr) observer->on_lease_refused();
    return held;
  }

  const net::Clock& clock;
  smr::Replica replica;
  machine::Machine machine;
  NodeObserver* observer;  // null: nobody looks
  smr::Output out;
  bool leaving = false;
  // The register does not know yet that the restart after the failure of all is over: nobody is answered, so that whoever has
  // everything by then still has it if this disk is lost (view/cluster_record.h).
  bool restarts = false;
};

}  // namespace titer::node
