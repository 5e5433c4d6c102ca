// SPDX-License-Identifier: Apache-2.0

// DirectClient: a DirectSession with calls that block, for a person's dialogue with the cluster.
//
// Thread rule: one thread. While the person thinks, keep run_until() going (direct_session.h says why).
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "client/direct_session.h"
#include "client/read.h"
#include "net/loop.h"

namespace titer::client {

class DirectClient final : public Asker {
 public:
  DirectClient(net::Loop& loop, DirectSession::Options options, std::int64_t deadline_us = 10'000'000);

  // Dials all and waits until each has answered or failed. How many replicas answered.
  std::size_t connect();

  // kUnreachable: it was not done, and will not be. kOutcomeUnknown: it was sent, and may be done still.
  [[nodiscard]] Result<registry::Outcome> execute(const registry::Request& request);
  [[nodiscard]] Result<Reply> ask(const registry::Query& query) override;

  // Serves the connections until `done` (true), the deadline or an interrupt (false).
  bool run_until(BootTime deadline, const std::function<bool()>& done);
  // From a signal handler of the same loop.
  void interrupt() { interrupted_ = true; }
  [[nodiscard]] bool interrupted() const { return interrupted_; }

 private:
  [[nodiscard]] Error given_up(bool sent) const;
  [[nodiscard]] std::string last() const;

  net::Loop& loop_;
  std::int64_t deadline_us_;
  std::optional<registry::Outcome> outcome_;  // of the request that is executed
  bool interrupted_ = false;
  DirectSession session_;  // last: it may call us as long as it lives
};

}  // namespace titer::client
