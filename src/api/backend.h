// SPDX-License-Identifier: Apache-2.0

// Backend: a worker's way to its replica — requests and operators' commands over one connection, answered through callbacks.
//
// It is a client like any other (client/link.h, client/window.h): exactly once by its session, in batches because
// everything of a turn goes out with one write, and the replica slows it down as it slows down anybody. There is
// one address only, our own replica's: when that replica cannot serve, our clients receive 503 and go to another.
//
// Why not call the node directly: it works in turns on its own thread; requests would need a queue on the protocol's way,
// and a second path for everything that the wire's clients have already. Questions do not come this way (reads.h).
//
// Invariants: every callback is called exactly once, never from within execute(); a request that was reported
// as not done is never sent again.
// The replicas remember a bounded number of sessions; when they have forgotten ours, a new one begins, and only requests
// that may have been executed get kSessionEvicted.
// Limits: one window of requests is at the replica, up to kWaitingMax wait here; beyond that kBusy.
// A request above limits::kRequestBytesMax: kTooLarge. After kAnswerUs: kOutcomeUnknown for a request that was sent (it may
// still be executed), else kUnavailable.
// Thread rule: the worker's thread.
#pragma once

#include <boost/unordered/unordered_flat_map.hpp>
#include <cstdint>
#include <deque>
#include <functional>
#include <string>
#include <string_view>
#include <utility>

#include "base/bytes.h"
#include "base/ids.h"
#include "base/result.h"
#include "client/link.h"
#include "client/window.h"
#include "net/loop.h"
#include "registry/request.h"
#include "wire/codec.h"

namespace titer::api {

// A refusal by the registry and a missing answer both come as an Outcome: `code` tells them apart.
using ThenOutcome = std::function<void(const registry::Outcome&)>;
using ThenText = std::function<void(const Result<std::string_view>&)>;
using ThenOperated = std::function<void(const wire::Operated&)>;

class Backend final : client::LinkOwner {
 public:
  Backend(net::Loop& loop, const net::Address& replica);
  Backend(const Backend&) = delete;
  Backend& operator=(const Backend&) = delete;

  void start() { link_.start(); }
  void execute(const registry::Request& request, ThenOutcome then);
  void execute(Bytes body, ThenOutcome then);  // wire::encode_request() has made it
  // JSON text: the replica's status, or the last frames there.
  void status(ThenText then) { texts_.push_back({wire::Type::kStatusAsk, std::move(then)}); }
  void trace(ThenText then) { texts_.push_back({wire::Type::kTraceAsk, std::move(then)}); }
  // Sent immediately or not at all (kUnavailable); kOutcomeUnknown when the connection is lost first.
  void operate(wire::Operate::What what, std::uint32_t replica, ThenOperated then);

  // At the end of every turn: sends what has gathered, and looks at the clock.
  void on_turn(BootTime now);

  [[nodiscard]] bool up() const { return link_.up(); }
  // Something could be sent that came after this turn's on_turn().
  [[nodiscard]] bool unsent() const;
  // The highest position in any answer so far.
  [[nodiscard]] Position newest() const { return newest_; }
  // Requests and texts without an answer yet.
  [[nodiscard]] std::size_t open() const { return writes_.size() + queue_.size() + texts_.size(); }

 private:
  struct Write {
    ThenOutcome then;
    BootTime until;
    bool refused = false;  // by the replica, the last time that it was sent
  };
  struct Waiting {
    Bytes body;
    Write write;
  };

  void on_link_up(const wire::HelloReply& reply) override;
  void on_link_message(const wire::Message& message) override;
  void on_link_down(const std::string& reason) override;
  void refuse(const Error& error, ThenOutcome then);
  void take_answer(ByteView payload);
  void take_text(ByteView payload);
  void on_operated(ByteView payload);
  void send_writes(BootTime now);
  void give_up_late(BootTime now);
  void give_up_window();
  void on_session_gone();
  void new_session();
  void saw(Position position);

  net::Loop& loop_;
  client::Window window_;
  boost::unordered_flat_map<std::uint64_t, Write> writes_;  // in the window, by place
  std::deque<Waiting> queue_;                               // not yet in the window
  struct TextAsk {
    wire::Type type;
    ThenText then;
  };
  std::deque<TextAsk> texts_;  // answered in order
  std::size_t texts_sent_ = 0;
  boost::unordered_flat_map<std::uint64_t, ThenOperated> admin_commands_;  // at the supervisor
  std::uint64_t last_token_ = 0;
  BootTime next_look_;
  Position newest_;
  registry::Outcome scratch_;
  client::Link link_;  // last: it may call us as long as it lives
};

}  // namespace titer::api
