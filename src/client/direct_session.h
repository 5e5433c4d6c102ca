// SPDX-License-Identifier: Apache-2.0

// DirectSession: the driver of smr::DirectClient, in turns — a client that is the transmitter of its own requests and is connected
// to every replica.
//
// It performs what the pure machine wants over one connection per replica, dials again those that were lost (a replica that was
// killed may come back) and those that a new view brings, and asks its questions of one live replica, the next one on failure.
// Writes wait as long as a view needs to change; nothing is applied twice.
//
// It never blocks, and gets time, connections and chance from an Environment only, so that the simulator runs the client
// that ships. DirectClient (direct_client.h) is the same with calls that block.
//
// A request that is given up ends the session, so that it is not sent again later: the next one comes from a new direct
// client, over new connections. The same happens when the replicas have evicted the session, because it was idle while
// many others were used: requests that were certainly not executed are then sent again, all others are answered with
// kSessionEvicted.
//
// Thread rule: the environment's thread. Not to be destroyed from within its own callbacks. A client that does not answer a
// replica's solicit delays the others for a moment (§3.3, §3.5): turns must go on while there is nothing to ask.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "client/addresses.h"
#include "client/snapshot.h"
#include "net/connection.h"
#include "net/environment.h"
#include "registry/query.h"
#include "registry/request.h"
#include "smr/direct_client.h"
#include "wire/codec.h"
#include "wire/token.h"

namespace titer::client {

class DirectSession final : public net::ConnectionOwner {
 public:
  struct Options {
    Addresses at;                                 // at least one
    std::optional<wire::Token> token = {};        // on whose behalf; none: nobody's
    std::size_t places = limits::kSessionWindow;  // of the session; fewer in simulations
    // What a replica gets in place of this message; null: the message. For simulations, which lie.
    std::function<smr::FromClient(const smr::FromClient& message)> says = nullptr;
  };
  struct Answer {
    std::uint64_t place;
    const registry::Outcome& outcome;
    ByteView result;  // as it came
    SessionId session;
    RequestNumber number;  // in the session
  };
  using Answered = std::function<void(const Answer& answer)>;  // each place once

  DirectSession(net::Environment& env, Options options);
  ~DirectSession();
  DirectSession(const DirectSession&) = delete;
  DirectSession& operator=(const DirectSession&) = delete;

  // At the end of every turn of the environment. The first one dials.
  void turn();
  // Each address has answered or failed.
  [[nodiscard]] bool all_tried() const;
  [[nodiscard]] std::size_t connected() const;

  // --- requests
  void on_answer(Answered answered) { answered_ = std::move(answered); }
  // Its place: 1, 2, 3, …, also over several sessions. A token's key goes into the body.
  std::uint64_t submit(Bytes body);
  [[nodiscard]] std::size_t open() const { return open_.size(); }
  // Those that are open are not asked for any more, and with them the session ends. `sent`: it may have been executed.
  void give_up(const std::function<void(std::uint64_t place, bool sent)>& given_up);
  [[nodiscard]] SessionId session() const { return machine_->session(); }
  [[nodiscard]] RequestNumber newest_number() const { return machine_->last_number(); }
  [[nodiscard]] const std::optional<smr::ViewRecord>& view() const { return machine_->view(); }

  // --- one question at a time
  void ask(const registry::Query& query);
  [[nodiscard]] const std::optional<Result<Reply>>& reply() const { return question_->reply; }  // after ask()
  void forget_question() { question_.reset(); }

  // Of the newest attempt that failed; empty: none has.
  [[nodiscard]] const std::string& last_reason() const { return last_reason_; }

 private:
  struct Peer {  // one address
    net::Address address;
    net::ConnectionPtr connection;
    bool dialing = false;
    bool greeted = false;                   // replica and incarnation are known, the machine knows of it
    bool tried = false;                     // the first attempt is over
    std::optional<wire::HelloReply> reply;  // it has greeted us and has not yet said what it thinks of our key
    ReplicaId replica;
    Incarnation incarnation;
    BootTime dial_at, greet_by;
    std::int64_t pause_us = 0;  // before the next dial; grows while it fails
  };
  struct Question {
    std::uint64_t token = 0;
    Bytes body;
    BootTime send_at;
    BootTime give_up_at;  // on the replica that was asked
    Peer* asked = nullptr;
    std::optional<Result<Reply>> reply;
  };
  struct Open {
    std::uint64_t place = 0;
    Bytes body;
  };
  struct Gone {  // the session, says the answer to this request
    RequestNumber number;
    registry::Outcome outcome;
    Bytes result;
  };

  void on_message(net::Connection& connection, const wire::Message& message) override;
  void on_closed(net::Connection& connection, const std::string& reason) override;
  void on_hello_reply(Peer& peer, const wire::Message& message);
  void on_authenticated(Peer& peer, const wire::Message& message);
  void begin(Peer& peer);
  void take_to_client(Peer& peer, const wire::Message& message);
  void take_answer(const wire::Message& message);
  void take_reply(const wire::Message& message);
  void on_session_gone(Gone gone);
  void submit(Open open);

  // Ends the session politely: a client that is lost in the middle of a broadcast forces a view change on all replicas.
  void leave();
  void begin_again();
  void add_peers_of(const smr::ViewRecord& view);
  void dial_due(BootTime now);
  void dial(Peer& peer);
  void dialled(Peer& peer, net::ByteStreamPtr stream);
  void lost(Peer& peer, const std::string& reason);
  void ask_due(BootTime now);
  void step(const smr::DirectClient::Input& input);
  void perform();
  [[nodiscard]] Peer* peer_of(ReplicaId replica);

  net::Environment& env_;
  Options options_;
  TransmitterId transmitter_;
  std::optional<smr::DirectClient> machine_;
  smr::DirectClient::Output output_;
  std::vector<std::unique_ptr<Peer>> peers_;  // Connection::tag is the index
  Answered answered_;
  std::map<RequestNumber, Open> open_;
  std::uint64_t last_place_ = 0;
  std::optional<Gone> gone_;
  std::size_t next_asked_ = 0;  // where to look for a replica to ask
  std::optional<Question> question_;
  std::uint64_t last_token_ = 0;
  std::uint64_t generation_ = 0;  // sessions so far: dials for an earlier one are ignored
  std::string last_reason_;
  std::shared_ptr<int> alive_ = std::make_shared<int>(0);  // dials that outlive us find this gone
};

}  // namespace titer::client
