// SPDX-License-Identifier: Apache-2.0

// Window: the requests of one session that have no answer yet. Pure; the caller sends and receives.
//
// Numbers are given 1, 2, 3, … without gaps. At most kSessionWindow numbers lie between the oldest open one
// and the newest, because the replicas remember only that many results of a session. The first request of a
// session goes alone: until it is executed the replicas do not know the session, and a higher number that
// overtook it (it was told "busy", say) would be taken for one whose result was forgotten.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <optional>

#include "base/bytes.h"
#include "base/ids.h"
#include "base/limits.h"
#include "smr/rules.h"

namespace titer::client {

class Window {
 public:
  [[nodiscard]] bool can_add() const {
    const bool opened = opened_ || !smr::rule_enabled(smr::ProtocolRule::kFirstAlone);
    return entries_.size() < limits::kSessionWindow && (opened || entries_.empty());
  }
  // Only when can_add().
  RequestNumber add(ByteView body);
  // Final answer. False: it was not open (an answer that came twice).
  bool settle(RequestNumber number);
  // It was not taken, by who was asked last: send it again from `when` on.
  void refuse(RequestNumber number, BootTime when);
  // The connection is gone: all of it must be sent again.
  void link_lost();

  // Shows every request to be sent now, in order, and notes it as sent.
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
  // Forgets everything; the next number is 1 again (for a new session).
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

  std::deque<Entry> entries_;  // numbers first_, first_+1, …; the front one is open
  RequestNumber first_{1};
  std::size_t open_ = 0;
  std::size_t due_ = 0;  // entries with due set
  bool opened_ = false;  // the session's first request was answered
};

}  // namespace titer::client
