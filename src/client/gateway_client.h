// SPDX-License-Identifier: Apache-2.0

// GatewayClient: a GatewaySession (gateway_session.h) with calls that block — what every command but `client` uses, and what
// other programs link.
//
// Each call runs the loop until it is answered or its deadline is over. A request that was sent and got no answer in time is
// reported as kOutcomeUnknown, never as failed; one that was never sent as kUnreachable.
//
// Thread rule: one thread, which runs the loop inside the calls. Interrupted calls (interrupt()) return
// kOutcomeUnknown for writes and kUnreachable for reads.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "client/addresses.h"
#include "client/gateway_session.h"
#include "client/read.h"
#include "net/loop.h"
#include "registry/request.h"
#include "wire/codec.h"

namespace titer::client {

class GatewayClient final : public Asker {
 public:
  struct Options {
    Addresses at;                           // at least one
    std::int64_t deadline_us = 10'000'000;  // for one answer
    bool only_these = false;                // never go to a replica that is not in `at`
    std::string advice = {};  // the end of the sentence when nobody answers: how to name other replicas
    // On whose behalf; none: nobody's, at a local socket the machine's operator's.
    std::optional<wire::Token> token = std::nullopt;
  };
  GatewayClient(net::Loop& loop, Options options);
  GatewayClient(const GatewayClient&) = delete;
  GatewayClient& operator=(const GatewayClient&) = delete;

  // kUnreachable when none of the addresses answers; says which were tried and what to do. kUnauthorized when the key is
  // not taken.
  [[nodiscard]] Status connect();

  // Outcome's code says whether the registry accepted it; an Error means that there is no outcome.
  [[nodiscard]] Result<registry::Outcome> execute(const registry::Request& request);

  // Many requests, as fast as they go, one window of them in flight. `next` writes the body of the next
  // request (wire::encode_request) or returns false at the end; `answered` gets the index (0, 1, …) and the
  // outcome or error of each, each once, not always in order. Error: nobody answered for the deadline, or
  // interrupted; then all that were open have been reported as kOutcomeUnknown. A body above limits::kRequestBytesMax
  // is kTooLarge: it and those after it are not sent.
  using Next = std::function<bool(Bytes& body)>;
  using Answered = std::function<void(std::uint64_t index, const Result<registry::Outcome>& outcome)>;
  [[nodiscard]] Status pipeline(const Next& next, const Answered& answered);

  [[nodiscard]] Result<Reply> ask(const registry::Query& query) override;

  // Every change after `since`, in order, each once, also when replicas fail; ends when the visitor returns
  // false (ok), with kTooOld when the history does not reach back, or when interrupted (ok). After a batch
  // `upto` is told, from where another watch would go on.
  using Upto = GatewaySession::Upto;
  // `stream`: what `since` belongs to (wire::stream_of; 0: the first replica says). A cluster that was restored, or resumed with
  // a loss of writes, counts the same positions again for other events: kTooOld, also when that happens meanwhile.
  [[nodiscard]] Status watch(Position since, const EventVisitor& visit, const Upto& upto = {},
                             std::uint64_t stream = 0);
  // The same in steps, for a client that does nothing else: once begun (connect() is not needed) follow() serves the watch
  // until `done` (true) or the deadline (false). Errors end the watch, except kUnreachable: then another follow() goes on
  // looking for a replica.
  void begin_watch(Position since, const EventVisitor& visit, const Upto& upto = {}, std::uint64_t stream = 0);
  // What positions belong to; 0: no replica has said it yet.
  [[nodiscard]] std::uint64_t stream() const { return session_.stream(); }
  [[nodiscard]] Result<bool> follow(BootTime deadline, const std::function<bool()>& done);

  // From a signal handler of the same loop: what is running returns soon.
  void interrupt() { interrupted_ = true; }
  [[nodiscard]] bool interrupted() const { return interrupted_; }

  // The replica in use, and every address known by now.
  [[nodiscard]] const net::Address& address() const { return session_.link().address(); }
  [[nodiscard]] const Addresses& addresses() const { return session_.link().addresses(); }
  [[nodiscard]] const smr::ViewRecord& view() const { return session_.link().view(); }

 private:
  // Turns until then; `fill` is called at the beginning of each.
  bool run(BootTime deadline, const std::function<bool()>& done, const std::function<void()>& fill = {});
  [[nodiscard]] Error no_answer(bool sent) const;

  net::Loop& loop_;
  Options options_;
  BootTime followed_;  // the last follow() ended then
  bool interrupted_ = false;
  GatewaySession session_;
};

}  // namespace titer::client
