// SPDX-License-Identifier: Apache-2.0

// IdempotentExecutor: requests with an Idempotency-Key — executed once, however often and at whichever replicas they
// are sent.
//
// The replicas' session table (smr/session_table.h) does that already for the requests of a session. So a keyed
// request is the only request of a session whose name is made from the key and the request itself: a client that
// repeats it, at any replica, uses the same session and gets the first outcome. The memory is replicated, on disk
// with the state, and as long as the session table's: the last kSessionsMax sessions. Another request with the same
// key is another request.
//
// Why the request is part of the name: a client that uses a key twice by mistake must not take the first outcome for
// the second's. Names are SHA-1, so that nobody finds a key that speaks for somebody else's request.
//
// Each takes a connection to the replica of its own, some 100 µs; kAtOnceMax at a time, the others wait.
// Invariants: every callback is called once, not from within execute(). Thread rule: the worker's thread.
#pragma once

#include <deque>
#include <memory>

#include "api/backend.h"
#include "http/request.h"

namespace titer::api {

[[nodiscard]] SessionId idempotency_session(const http::Request& request, std::string_view actor);

class IdempotentExecutor {
 public:
  IdempotentExecutor(net::Loop& loop, const net::Address& replica) : loop_(loop), replica_(replica) {}
  ~IdempotentExecutor();
  IdempotentExecutor(const IdempotentExecutor&) = delete;
  IdempotentExecutor& operator=(const IdempotentExecutor&) = delete;

  void execute(SessionId session, const registry::Request& request, ThenOutcome then);
  // At the end of every turn.
  void on_turn(BootTime now);
  [[nodiscard]] bool unsent() const;
  [[nodiscard]] std::size_t open() const { return running_.size() + queue_.size(); }

 private:
  struct Waiting {
    SessionId session;
    Bytes body;
    ThenOutcome then;
  };

  net::Loop& loop_;
  net::Address replica_;
  std::deque<Waiting> queue_;
  std::deque<std::unique_ptr<Backend>> running_;  // each is one session with one request
};

}  // namespace titer::api
