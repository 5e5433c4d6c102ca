// SPDX-License-Identifier: Apache-2.0

// DirectClient: a client that is the transmitter of its own requests — the root of Schneider's bush — as a
// pure machine in the same style as Replica (§3).
//
// It is passive unless it has something to send, so no stability test waits for an idle or dead client. To send:
// hello to every replica of the view; when all have welcomed with the same next seq, its frames go to all of them;
// the last one carries `rest`. On a new view it begins again with what is unanswered: same session, same numbers, so
// nothing is applied twice.
//
// Driver's contract: one connection per replica, FIFO. Connected / Disconnected as they come and go; a client
// whose connection to a member is missing waits for it or for the next view. Perform `send` in order.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <variant>
#include <vector>

#include "base/bytes.h"
#include "base/ids.h"
#include "base/limits.h"
#include "smr/types.h"

namespace titer::smr {

class DirectClient {
 public:
  // `id` has kDirectClientBit; random, never used by two processes. `window`: results of a session that replicas remember.
  DirectClient(TransmitterId id, SessionId session, std::size_t window = limits::kSessionWindow);
  ~DirectClient();
  DirectClient(DirectClient&&) noexcept;
  DirectClient& operator=(DirectClient&&) noexcept;

  struct Connected {
    ReplicaId replica;
    Incarnation incarnation;
    Position
        next{};  // of the next request that it executes; the first one's is the session's birth (session_table.h)
  };
  struct Disconnected {
    ReplicaId replica;
    Incarnation incarnation;
  };
  struct Submit {  // numbers are given 1, 2, … in the order of submission
    ByteView body;
  };
  struct Receive {
    ReplicaId from;
    ToClient message;
  };
  struct Answered {  // a result for this number came, from any replica
    RequestNumber number;
  };
  // The end: nothing more is sent but, with the next turn, the frame after which no replica waits for this client.
  struct Leave {};
  struct Tick {};
  struct EndOfTurn {
    WallTime wall;
  };
  using Input = std::variant<Connected, Disconnected, Submit, Receive, Answered, Leave, Tick, EndOfTurn>;

  struct Output {
    struct Send {
      ReplicaId to;
      FromClient message;
    };
    std::vector<Send> send;
    std::optional<BootTime> wake_at;
    void clear();
  };

  void step(BootTime now, const Input& input, Output& out);

  [[nodiscard]] const std::optional<ViewRecord>& view() const;  // newest known
  [[nodiscard]] std::size_t unanswered() const;                 // submitted and not answered
  [[nodiscard]] RequestNumber last_number() const;              // of the newest Submit; 0 if none
  [[nodiscard]] SessionId session() const;
  [[nodiscard]] bool active() const;
  // Of one that is not answered: how many frames carried it. 0: it was never sent. 1: if a replica says that the session
  // is gone, it was not executed. More: an earlier copy may have been executed.
  [[nodiscard]] std::size_t copies(RequestNumber number) const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace titer::smr
