// SPDX-License-Identifier: Apache-2.0

// GatewaySession: a client that leaves the broadcasting to a replica's gateway, in turns — one Link (failover), one Window
// (exactly once, pipelining), one question at a time and perhaps a watch.
//
// It never blocks, and gets time, connections and chance from an Environment only, so that a simulator can run the client
// that ships. GatewayClient (gateway_client.h) is the same with calls that block; it has the deadlines and the messages for
// people.
//
// Silence: a replica that has not said anything for a second while it owes an answer is left for the next one. Refusals for a
// tenth of a second: likewise. Too many requests: they are sent again a little later, to the same one (kSlowDownUs). A session
// that the replicas have forgotten is replaced: requests that may have been executed are answered with kSessionEvicted, all
// others are sent again.
//
// Thread rule: the environment's thread. It may be destroyed at any time, but not from within its own callbacks.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "client/addresses.h"
#include "client/link.h"
#include "client/read.h"
#include "client/window.h"
#include "net/environment.h"
#include "registry/request.h"
#include "wire/codec.h"

namespace titer::client {

class GatewaySession final : LinkOwner {
 public:
  struct Options {
    Addresses at;             // at least one
    bool only_these = false;  // never go to a replica that is not in `at`
    std::size_t first = 0;    // index of the one to begin with
    std::optional<wire::Token> token = std::nullopt;
    std::size_t places = limits::kSessionWindow;  // of the window; fewer in simulations
    bool keeps_keys = false;  // requests name keys of their own, as only a local socket lets them; for simulations
  };
  struct Answer {
    RequestNumber place;
    const registry::Outcome& outcome;
    ByteView result;  // as it came
    SessionId session;
    RequestNumber number;  // in the session
  };
  using Answered = std::function<void(const Answer& answer)>;  // each place once
  using Upto = std::function<void(Position)>;

  GatewaySession(net::Environment& env, Options options);
  GatewaySession(const GatewaySession&) = delete;
  GatewaySession& operator=(const GatewaySession&) = delete;

  // Dials; again: nothing.
  void start();
  // At the end of every turn of the environment.
  void turn();
  // Somebody waits from now on: silence counts from here.
  void begin_to_wait() { heard_ = env_.boot_now(); }

  // --- requests
  void on_answer(Answered answered) { answered_ = std::move(answered); }
  [[nodiscard]] const Window& window() const { return window_; }
  // Only when window().can_add(). Puts our key into the body (but Options::keeps_keys). The place; kTooLarge: it is not taken.
  [[nodiscard]] Result<RequestNumber> add(Bytes& body);
  // Those that are open are not asked for any more, and with them the session ends: its numbers must have no gap.
  // `sent`: it may have been executed.
  void give_up(const std::function<void(RequestNumber place, bool sent)>& given_up);
  [[nodiscard]] SessionId session() const { return link_.session(); }
  // An answered request of this session once more, as a late duplicate would come; for simulations.
  void repeat(RequestNumber number, ByteView body);

  // --- one question at a time
  void ask(const registry::Query& query);
  void ask(Bytes body);
  [[nodiscard]] bool asking() const { return question_.has_value(); }
  [[nodiscard]] const std::optional<Result<Reply>>& reply() const { return question_->reply; }  // while asking()
  void forget_question() { question_.reset(); }

  // --- a watch: every change after `since`, in order, each once, also when replicas fail
  // `stream`: what `since` belongs to (wire::stream_of; 0: the first replica says). In another stream it means other events.
  void watch(Position since, EventVisitor visit, Upto upto, std::uint64_t stream = 0);
  void end_watch();
  // How it ended: ok, because the visitor said so; or an error of the replica's.
  [[nodiscard]] const std::optional<Status>& watch_over() const { return watch_over_; }

  // Of the newest replica; 0: none has said.
  [[nodiscard]] std::uint64_t stream() const { return stream_; }
  [[nodiscard]] const Link& link() const { return link_; }
  // Since when there is no replica; 0: there is one.
  [[nodiscard]] BootTime lost_at() const { return lost_at_; }
  void lost_at(BootTime when) { lost_at_ = when; }
  // What the last replica said that took its leave, or how its connection ended.
  [[nodiscard]] const std::string& lost_why() const { return lost_why_; }
  // What the replica says to whom asks too often; empty: it does not.
  [[nodiscard]] const std::string& slowed() const { return slowed_; }

 private:
  struct Question {
    std::uint64_t token = 0;
    Bytes body;
    bool due = true;
    bool ping = false;  // ours: nobody waits for the reply
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
  void send_what_is_due(BootTime now);
  void leave_if_silent(BootTime now);
  void ping_if_idle(BootTime now);
  void on_session_gone(ByteView result);
  void settle(RequestNumber place, const registry::Outcome& outcome, ByteView result);

  net::Environment& env_;
  registry::KeyId key_;  // that requests go out with
  std::size_t places_;
  bool keeps_keys_;
  Window window_;
  Answered answered_;
  std::optional<Question> question_;
  std::optional<Position> watching_;  // everything up to here has been shown
  EventVisitor on_event_;
  Upto on_upto_;
  std::optional<Status> watch_over_;
  std::uint64_t stream_ = 0, watched_stream_ = 0;  // of the newest replica, and of the watch
  std::uint64_t last_token_ = 0;
  BootTime heard_;  // last message, or when somebody began to wait
  BootTime lost_at_;
  std::string lost_why_;
  BootTime refused_since_;  // 0: the last thing we got was not a refusal
  std::string slowed_;
  bool started_ = false;
  registry::Outcome scratch_;
  Link link_;  // last: it may call us as long as it lives
};

}  // namespace titer::client
