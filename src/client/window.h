// SPDX-License-Identifier: Apache-2.0

// Window: the requests of one session that have no answer yet. Pure; the caller sends and receives.
//
// Each request has a *place*: 1, 2, 3, … without gaps, for as long as the window lives. Its number in the session, which
// travels, is its place too, until the session is gone at the replicas (kSessionEvicted): then what was certainly not
// executed moves to a new session, whose numbers begin with 1 again, and keeps its places. At most kSessionWindow places
// lie between the oldest open one and the newest, because the replicas remember only that many results of a session.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <optional>

#include "base/bytes.h"
#include "base/ids.h"
#include "base/limits.h"
#include "base/rules.h"

namespace titer::client {

class Window {
 public:
  // `places`: kSessionWindow, or what the replicas of a simulation remember.
  explicit Window(std::size_t places = limits::kSessionWindow) : places_(places) {}
  [[nodiscard]] bool can_add() const {
    return entries_.size() < places_ + (rule_enabled(ProtocolRule::kClientWindow) ? 0 : 1);
  }
  // Only when can_add(). The place.
  RequestNumber add(ByteView body);
  // Of the request that has this number in the session. All other calls name places.
  [[nodiscard]] RequestNumber place(RequestNumber number) const {
    return RequestNumber(number.value + before_session_);
  }
  [[nodiscard]] RequestNumber number(RequestNumber place) const {
    return RequestNumber(place.value - before_session_);
  }
  // Final answer. False: it was not open (an answer that came twice).
  bool settle(RequestNumber number);
  // It was not taken, by who was asked last: send it again from `when` on.
  void refuse(RequestNumber number, BootTime when);
  // The connection is gone: all of it must be sent again.
  void link_lost();

  // A replica said that the session is gone, in the answer to a request that is certainly not executed. So is none that
  // is open, but those that may_be_executed_before() names: settle these first. All others are sent again, in a new session.
  void begin_session();
  // An earlier copy of this open request may have been executed: it was sent on a link that was lost.
  [[nodiscard]] bool may_be_executed_before(RequestNumber place) const;

  // Shows every request to be sent now with its number in the session, in order, and notes it as sent.
  void send(BootTime now, const std::function<void(RequestNumber, ByteView body)>& out);
  // When send() has something again that it did not have before; nullopt: nothing waits for a time.
  [[nodiscard]] std::optional<BootTime> next_retry() const;

  [[nodiscard]] bool empty() const { return open_ == 0; }
  [[nodiscard]] std::size_t open() const { return open_; }
  // It may have been executed: it was sent, and either not refused since, or before on a link that was lost.
  [[nodiscard]] bool may_be_done(RequestNumber number) const;
  // Of the oldest open request; of the next one when none is open.
  [[nodiscard]] RequestNumber first_open() const { return first_; }
  [[nodiscard]] bool is_open(RequestNumber number) const;
  // Forgets everything; the next place is 1 again (for a new session).
  void reset();

 private:
  struct Entry {
    Bytes body;
    BootTime send_at;       // when it may be sent (again)
    bool due = true;        // to be sent
    bool sent = false;      // and not refused since
    bool doubtful = false;  // sent on a link that was lost before the answer
    bool settled = false;
  };
  [[nodiscard]] Entry* find(RequestNumber number);
  [[nodiscard]] const Entry* find(RequestNumber number) const;

  std::size_t places_;
  std::deque<Entry> entries_;  // numbers first_, first_+1, …; the front one is open
  RequestNumber first_{1};
  std::size_t open_ = 0;
  std::size_t due_ = 0;               // entries with due set
  std::uint64_t before_session_ = 0;  // places that were given before the session began
};

}  // namespace titer::client
