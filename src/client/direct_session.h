// SPDX-License-Identifier: Apache-2.0

// DirectSession: the driver of smr::DirectClient — a client that is the transmitter of its own requests and
// is connected to every replica.
//
// It performs what the pure machine wants over one connection per replica, dials again those that were lost
// (a replica that was killed may come back) and those that a new view brings, and asks its questions of one
// live replica, the next one on failure. Writes wait as long as a view needs to change; nothing is applied
// twice.
//
// A request that is given up ends the session, so that it is not sent again later: the next one comes from a new direct
// client, over new connections. The same happens when the replicas have evicted the session, because it was idle while
// many others were used: a request that was not executed is then sent again automatically.
//
// Thread rule: one thread. While a person thinks, keep run_until() going: a client that does not answer a
// replica's solicit delays the others for a moment (§3.3, §3.5).
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "client/addresses.h"
#include "client/read.h"
#include "net/connection.h"
#include "net/loop.h"
#include "registry/request.h"
#include "smr/direct_client.h"
#include "wire/codec.h"
#include "wire/token.h"

namespace titer::client {

class DirectSession final : public Asker, public net::ConnectionOwner {
 public:
  // `token`: on whose behalf; none: nobody's.
  DirectSession(net::Loop& loop, Addresses addresses, std::int64_t deadline_us = 10'000'000,
                std::optional<wire::Token> token = std::nullopt);
  ~DirectSession();
  DirectSession(const DirectSession&) = delete;
  DirectSession& operator=(const DirectSession&) = delete;

  // Dials all and waits until each has answered or failed. How many replicas answered.
  std::size_t connect();
  [[nodiscard]] std::size_t connected() const;

  // kUnreachable: it was not done, and will not be. kOutcomeUnknown: it was sent, and may be done still.
  [[nodiscard]] Result<registry::Outcome> execute(const registry::Request& request);
  [[nodiscard]] Result<Reply> ask(const registry::Query& query) override;

  // Serves the connections until `done` (true), the deadline or an interrupt (false).
  bool run_until(BootTime deadline, const std::function<bool()>& done);
  // From a signal handler of the same loop.
  void interrupt() { interrupted_ = true; }
  [[nodiscard]] bool interrupted() const { return interrupted_; }

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

  void on_message(net::Connection& connection, const wire::Message& message) override;
  void on_closed(net::Connection& connection, const std::string& reason) override;
  void on_hello_reply(Peer& peer, const wire::Message& message);
  void on_authenticated(Peer& peer, const wire::Message& message);
  void begin(Peer& peer);
  void take_to_client(Peer& peer, const wire::Message& message);
  void take_answer(const wire::Message& message);
  void take_reply(const wire::Message& message);

  // Ends the session politely: a client that is lost in the middle of a broadcast forces a view change on all replicas.
  void leave();
  void begin_again();
  [[nodiscard]] Error given_up(std::size_t copies) const;

  void turn();
  void add_peers_of(const smr::ViewRecord& view);
  void dial_due(BootTime now);
  void dial(Peer& peer);
  void lost(Peer& peer, const std::string& reason);
  void ask_due(BootTime now);
  void step(const smr::DirectClient::Input& input);
  void perform();
  [[nodiscard]] Peer* peer_of(ReplicaId replica);

  net::Loop& loop_;
  std::int64_t deadline_us_;
  std::optional<wire::Token> token_;
  TransmitterId transmitter_;
  std::optional<smr::DirectClient> machine_;
  smr::DirectClient::Output output_;
  std::vector<std::unique_ptr<Peer>> peers_;  // Connection::tag is the index
  std::size_t next_asked_ = 0;                // where to look for a replica to ask
  std::optional<Question> question_;
  std::uint64_t last_token_ = 0;
  std::optional<registry::Outcome> outcome_;  // of the request being executed
  RequestNumber executing_;
  std::size_t copies_ = 0;        // of the answered one: smr::DirectClient::copies
  std::uint64_t generation_ = 0;  // sessions so far: dials for an earlier one are ignored
  std::string last_reason_;
  bool interrupted_ = false;
  std::shared_ptr<int> alive_ = std::make_shared<int>(0);  // dials that outlive us find this gone
};

}  // namespace titer::client
