// SPDX-License-Identifier: Apache-2.0

// GatewayClient: a client that leaves the broadcasting to a replica's gateway — what every command but
// `client` uses, and what other programs link.
//
// Each call blocks until it is answered or its deadline is over; underneath it is one Link (failover), one
// Window (exactly once, pipelining) and the loop. A request that was sent and got no answer in time is said
// to be kOutcomeUnknown, never "failed"; one that was never sent is kUnreachable.
//
// Silence: a replica that has not said anything for a second while it owes an answer is left for the next
// one. Too many requests: they are sent again a little later, to the same one (kSlowDownUs), until the deadline.
//
// A session that has not been used for a while is replaced before its next request: the replicas remember a bounded
// number of sessions, and may not know this one any more.
//
// Thread rule: one thread, which runs the loop inside the calls. Interrupted calls (interrupt()) return
// kOutcomeUnknown for writes and kUnreachable for reads.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "client/addresses.h"
#include "client/link.h"
#include "client/read.h"
#include "client/window.h"
#include "net/loop.h"
#include "registry/request.h"
#include "wire/codec.h"

namespace titer::client {

class GatewayClient final : public Asker, LinkOwner {
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
  using Upto = std::function<void(Position)>;
  // `stream`: what `since` belongs to (wire::stream_of; 0: the first replica says). A cluster that was restored, or resumed with
  // a loss of writes, counts the same positions again for other events: kTooOld, also when that happens meanwhile.
  [[nodiscard]] Status watch(Position since, const EventVisitor& visit, const Upto& upto = {},
                             std::uint64_t stream = 0);
  // The same in steps, for a client that does nothing else: once begun (connect() is not needed) follow() serves the watch
  // until `done` (true) or the deadline (false). Errors end the watch, but for kUnreachable: then another follow() goes on
  // looking for a replica.
  void begin_watch(Position since, const EventVisitor& visit, const Upto& upto = {}, std::uint64_t stream = 0);
  // What positions belong to; 0: no replica has said it yet.
  [[nodiscard]] std::uint64_t stream() const { return stream_; }
  [[nodiscard]] Result<bool> follow(BootTime deadline, const std::function<bool()>& done);

  // From a signal handler of the same loop: what is running returns soon.
  void interrupt() { interrupted_ = true; }
  [[nodiscard]] bool interrupted() const { return interrupted_; }

  // The replica in use, and every address known by now.
  [[nodiscard]] const net::Address& address() const { return link_.address(); }
  [[nodiscard]] const Addresses& addresses() const { return link_.addresses(); }
  [[nodiscard]] const smr::ViewRecord& view() const { return link_.view(); }

 private:
  struct Question {
    std::uint64_t token = 0;
    Bytes body;
    bool due = true;
    BootTime send_at;
    std::optional<Result<Reply>> reply;
  };

  void on_link_up(const wire::HelloReply& reply) override;
  void on_link_message(const wire::Message& message) override;
  void on_link_down(const std::string& reason) override;
  void take_answer(const wire::Message& message);
  void take_reply(const wire::Message& message);
  void take_events(const wire::Message& message);
  void ask_for_events();
  // The replica does not take it now: when the same is to be sent again. nullopt: this is no such refusal.
  std::optional<BootTime> again_at(Code code, std::string_view why);

  void start();
  bool run(BootTime deadline, const std::function<bool()>& done);
  void turn();
  void send_what_is_due(BootTime now);
  void leave_if_silent(BootTime now);
  void ping_if_idle(BootTime now);
  void new_session();
  void on_session_gone();
  void settle(RequestNumber place, const Result<registry::Outcome>& outcome);
  [[nodiscard]] Error no_answer(bool sent) const;

  net::Loop& loop_;
  Options options_;
  registry::KeyId key_;  // that requests go out with
  Window window_;
  std::function<void()> fill_;  // of the pipeline that is running: puts more into the window
  Answered answered_;
  RequestNumber base_{1};  // place of its index 0
  std::optional<Question> question_;
  std::optional<Position> watching_;  // everything up to here has been shown
  EventVisitor on_event_;
  Upto on_upto_;
  std::optional<Status> watch_over_;
  std::uint64_t stream_ = 0, watched_stream_ = 0;  // of the newest replica, and of the watch
  BootTime followed_;                              // the last follow() ended then
  std::uint64_t last_token_ = 0;
  BootTime heard_;          // last message, or when we began to wait
  BootTime lost_at_;        // the link is down since then; 0: it is up
  std::string lost_why_;    // what the last replica said that took its leave, or how its connection ended
  BootTime refused_since_;  // 0: the last thing we got was not a refusal
  std::string slowed_;      // what the replica says to whom asks too often; empty: it does not
  bool interrupted_ = false;
  bool started_ = false;
  registry::Outcome scratch_;
  Link link_;  // last: it may call us as long as it lives
};

}  // namespace titer::client
