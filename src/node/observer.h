// SPDX-License-Identifier: Apache-2.0

// NodeObserver: sees what a replica process does, as it does it. The simulator checks the protocol's promises there.
//
// In production there is none: a null pointer that is asked once per output, frame or message of a peer, and not per request.
// Thread rule: the environment's thread. It changes nothing, but for on_stands().
#pragma once

#include <cstdint>

#include "machine/machine.h"
#include "smr/replica.h"
#include "wire/message.h"

namespace titer::node {

struct Engine;

class NodeObserver {
 public:
  // A message of another replica: as it came, which is all that the state transfer is, …
  virtual void on_transfer_message(const wire::Message& message) = 0;
  // … and decoded, but not stepped yet.
  virtual void on_peer_message(ReplicaId from, const smr::PeerMessage& message) = 0;
  virtual void on_direct_message(const smr::FromClient& message) = 0;
  // What waits for no execution is performed now (Node::send_out).
  virtual void on_send(const smr::Output& out) = 0;
  // The first request of this frame is about to be executed.
  virtual void on_execute(const smr::Execution& execution) = 0;
  // One request of it, in their order; before the client is answered.
  virtual void on_executed(const smr::Execution& execution, const machine::Executed& request) = 0;
  // The protocol is told where the state machine stands. Returns the digest that the other replicas are shown: the state's, but
  // where a simulated bit has flipped.
  virtual std::uint64_t on_stands(const Engine& engine) = 0;
  // Everything is executed, and the rest is performed now (Node::conclude).
  virtual void on_conclude(const smr::Output& out) = 0;
  // There was no read lease behind a look at the state.
  virtual void on_lease_refused() = 0;

 protected:
  ~NodeObserver() = default;
};

}  // namespace titer::node
