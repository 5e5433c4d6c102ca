// SPDX-License-Identifier: Apache-2.0

// Clients: the connections of thin clients (this replica is their gateway) and of direct clients.
//
// Requests go straight from the receive buffer into the gateway's next frame; answers are appended to the
// connection they belong to, found by session — so a client that reconnects gets its answers on the new one.
//
// How much of one client is under way: its requests and questions without an answer are counted. A client with too many is not
// read until answers have gone out; and when those of all have many operations, each client may have its share of them. All
// else is answered immediately, and a client that does not read its answers is not read either (net/connection.h). So what
// clients send costs the memory of what is open, and a turn takes from each of them in turn (net/message_queue.h).
//
// Identity: a connection has none until it shows a key (kAuthenticate). One that came through the local socket is
// the machine's own operator and may also ask and act on behalf of any key, as HTTP does. apply() authorizes
// requests, in total order. This class only checks that a connection names no key whose secret it has not shown,
// and authorizes queries and operators' commands by this replica's state.
//
// How often: requests, questions and keys that are shown are counted by address and key where there are limits, and
// above them answered kTooMany; the client tries again a little later (client/link.h). Not counted: what comes through
// the local socket (HTTP has counted its own), what shows how a flooded replica fares (status, watching), and frames: a
// replica that left out one of them would hold up all others. So where there are limits, frames need a key.
//
// Direct clients are trusted as replicas are (docs/explanation/protocol.md §3): one that sends different frames to two replicas
// makes their states differ. So once there are keys, and from other machines always, only an operator's key may be one.
//
// Errors: a client that breaks the wire format or the rules gets the reason (Goodbye) and is disconnected; a
// request that cannot be accepted now is answered kBusy or kUnavailable. Thread rule: the loop's thread.
#pragma once

#include <boost/unordered/unordered_flat_map.hpp>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/limits.h"
#include "net/connection.h"
#include "net/loop.h"
#include "net/rates.h"
#include "node/backups.h"
#include "node/engine.h"
#include "node/limits.h"
#include "node/reads.h"
#include "wire/codec.h"

namespace titer::node {

class Clients final : private net::ConnectionOwner {
 public:
  struct Options {
    std::function<std::string()> status;                  // the JSON text that kStatusAsk is answered with
    std::function<std::string()> trace;                   // … and kTraceAsk
    std::function<Status(const wire::Operate&)> operate;  // passes it on; the answer comes through on_operated()
    // A client on another machine needs a key to write, even while no keys exist.
    bool remote_writes_need_key = false;
    net::RateLimits rates;
  };
  Clients(net::Loop& loop, Engine& engine, Options options);
  ~Clients();
  Clients(const Clients&) = delete;
  Clients& operator=(const Clients&) = delete;

  // A connection whose Hello says it comes from a client.
  void adopt(net::Connection& connection, const wire::Hello& hello, const wire::HelloReply& reply);

  void answer(SessionId session, RequestNumber number, ByteView result);
  void send(const smr::Output::SendClient& message);
  void read_ready(std::uint64_t read) { reads_.ready(read); }
  void read_refused(std::uint64_t read);
  void cut(TransmitterId client, const std::string& reason);
  // Every write is refused with this, until it is nullopt again. Reads go on. True: that is new.
  bool refuse_writes(std::optional<Error> why);
  void tell_view(const smr::ViewRecord& view);
  void on_operated(wire::Operated answer);
  // Once a turn, after execution: reads, watchers, and what was appended is written.
  void on_turn(BootTime now);
  void goodbye(const std::string& reason);

  [[nodiscard]] std::size_t count() const { return clients_.size(); }
  [[nodiscard]] std::size_t direct_count() const { return by_transmitter_.size(); }
  [[nodiscard]] std::uint64_t reads_answered() const { return reads_.answered(); }

 private:
  static constexpr std::uint32_t kWatchBatch = 500;
  static constexpr std::size_t kAdminCommandsMax = 64;

  struct Client {
    net::ConnectionPtr connection;
    SessionId session;
    Position born;                     // of the session
    TransmitterId transmitter;         // 0: a thin client
    registry::KeyId key;               // who it is
    std::uint64_t address = 0;         // to count by
    bool counted = false;              // how often it asks is limited
    bool remote = false;               // what is not public needs a key, also while there are none
    bool dirty = false;                // something was appended this turn
    std::size_t requests = 0;          // taken and not yet answered, …
    std::size_t operations = 0;        // … and about how many operations they have
    std::size_t reads = 0;             // likewise questions
    bool paused = false;               // not read: too many of them
    std::optional<Position> watching;  // events up to here have been sent
    registry::KeyId watching_as;
  };
  void on_message(net::Connection& connection, const wire::Message& message) override;
  void on_closed(net::Connection& connection, const std::string& reason) override;
  void handle_request(Client& client, ByteView payload);
  void refuse(Client& client, RequestNumber number, Code code, std::string message);
  void handle_query(Client& client, const wire::Message& message);
  void begin_read(Client& client, Question question);
  [[nodiscard]] Reads::Hooks read_hooks();
  void answer_read(const Question& question, const wire::QueryAnswer& answer);
  void opened(Client& client, std::size_t operations);
  void closed(Client& client, std::size_t requests);
  // Too much of it is under way: it is not read, or is read again.
  void pause_or_resume(Client& client);
  void ask_text(Client& client, wire::Type type);
  void answer_texts(BootTime now);
  void handle_authenticate(Client& client, ByteView payload);
  void answer_authenticate(Client& client, registry::KeyId key, const wire::QueryAnswer& answer);
  // It names no key but its own; else the error says so.
  [[nodiscard]] Status check_key(const Client& client, ByteView body) const;
  // It does not ask too often.
  [[nodiscard]] Status check_rate(const Client& client);
  [[nodiscard]] Status authorize(const Client& client, registry::Act act) const;
  void handle_watch(Client& client, const wire::Message& message);
  void feed_watchers();
  void handle_operate(Client& client, ByteView payload);
  void handle_direct(Client& client, const wire::Message& message);
  void handle_admin_command(Client& client, const wire::Message& message);  // what only operators ask for
  void forget(std::uint64_t id);
  void mark(Client& client);
  [[nodiscard]] Client* find(std::uint64_t id);

  net::Loop& loop_;
  Engine& engine_;
  Options options_;
  std::uint64_t next_client_ = 1, next_command_ = 1;
  boost::unordered_flat_map<std::uint64_t, std::unique_ptr<Client>> clients_;
  boost::unordered_flat_map<SessionId, Client*, std::hash<SessionId>> by_session_;
  boost::unordered_flat_map<TransmitterId, Client*, std::hash<TransmitterId>> by_transmitter_;
  struct AdminCommand {
    std::uint64_t client = 0, token = 0;
  };
  boost::unordered_flat_map<std::uint64_t, AdminCommand> admin_commands_;  // at the supervisor
  std::vector<Client*> dirty_;
  std::size_t operations_open_ = 0, clients_open_ = 0;  // of all clients; clients with any
  RoundRobin texts_;                                    // by client: the type of the question
  Reads reads_;
  Backups backups_;
  std::size_t watchers_ = 0;
  Bytes outcome_;
  std::optional<Error> no_writes_;
  net::Rates rates_;
};

}  // namespace titer::node
