// SPDX-License-Identifier: Apache-2.0

// Observer: sees a run as it happens, to draw or to print it. It changes nothing.
//
// One plain event with a kind; what a kind does not name is empty. Views in it live during the call. A run that nobody
// observes pays one comparison per event. Messages are shown as their bytes (header included), so an observer decodes
// what it wants with wire::next_message and the wire module's decoders.
//
// Stable and safe are no events of a Replica: an observer that wants them works them out from the frames that were
// delivered, as docs/explanation/protocol.md 2.4 and 2.5 say, and that is a good second opinion.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/bytes.h"
#include "base/ids.h"
#include "sim/timeline.h"
#include "smr/types.h"

namespace titer::sim {

// A process of the run: replica, client or the register. Numbered as they are born.
using Node = std::uint32_t;
inline constexpr Node kNoNode = UINT32_MAX;

struct Event {
  enum class Kind : std::uint8_t {
    kBorn,       // who, text (its name), replica and incarnation if it is one
    kCrashed,    // who, text (why)
    kPaused,     // who
    kResumed,    // who
    kSent,       // who, peer, message (its id), bytes
    kDelivered,  // who (the receiver), peer (the sender), message, bytes
    kLost,       // who (the sender), peer, message
    kStepped,    // who, clock: after a turn
    kExecuted,   // who, frame (of the view), position after it, clock
    kProposed,   // who (asked for it, or kNoNode), record: published by the register
    kInstalled,  // who, record, position
    kAsked,      // who (a client), session, number, bytes (the encoded request)
    kAnswered,   // who, session, number, bytes (the encoded outcome)
    kFault,      // text; also who and peer, if there are any
  };
  Kind kind;
  Time at = 0;
  Node who = kNoNode, peer = kNoNode;
  std::uint64_t message = 0;  // the same when it is sent, delivered or lost
  ByteView bytes = {};
  std::string_view text = {};
  ReplicaId replica = {};
  Incarnation incarnation = {};
  const smr::Frame* frame = nullptr;
  const smr::ViewRecord* record = nullptr;
  LamportTime clock = {};
  Position position = {};
  SessionId session = {};
  RequestNumber number = {};
};

class Observer {
 public:
  virtual void on_event(const Event& event) = 0;

 protected:
  ~Observer() = default;
};

}  // namespace titer::sim
