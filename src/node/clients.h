// SPDX-License-Identifier: Apache-2.0

// Clients: the connections of thin clients (this replica is their gateway) and of direct clients.
//
// Requests go straight from the receive buffer into the gateway's next frame; answers are appended to the
// connection they belong to, found by session — so a client that reconnects gets its answers on the new one.
//
// Requests that this replica's own state refuses for who asks (a key that has ended, a role or scope that does not allow it,
// writes that are stopped) are answered here, after the same fence and lease as a read, and take no place in the order, so
// that a client without permissions costs the others nothing (clients_requests.cc, docs/decisions/0032). All others are
// judged in the order.
//
// Identity: a connection has none until it shows a key (kAuthenticate). One that came through the local socket is
// the machine's own operator and may also ask and act on behalf of any key, as HTTP does. apply() authorizes
// requests, in total order. This class only checks that a connection names no key whose secret it has not shown,
// and authorizes queries and operators' commands by this replica's state.
//
// Rates: requests, questions and keys that are shown are counted by address and key (net/rates.h), and above the limits
// answered kTooMany; the client tries again a little later (client/link.h). Not counted: what comes through the local socket
// (HTTP has counted its own), what shows how a flooded replica fares (status, watching), and frames: a replica that left out
// one of them would hold up all others. So where there are limits, frames need a key.
//
// Direct clients are trusted (docs/explanation/protocol.md §3): one that stays away, or lies, holds writes up until the next view.
// So once there are keys, and from other machines always, only an operator's key may be one; and one whose address or key has
// held up the others again and again is not welcomed for a while (hold_offs.h).
//
// Connections: ClientLimits::connections limits the clients of one address and of all. When all places are taken, the longest
// idle clients give way: those that wait for no answer, watch nothing and are no direct clients. A client that is idle
// otherwise stays as long as it likes, since it costs a buffer of 16 KiB and no time. A message that has begun is limited in
// length by what its client may do (message_bytes_max()), all large ones together by a budget, and in time by kUnfinishedUs.
//
// Open requests: the requests and questions of a client without an answer are counted. A client with too many is not read
// until answers have gone out; when those of all clients have many operations, each client may have its share of them.
// Everything else is answered immediately, and a client that does not read its answers is not read either (net/connection.h).
// So what clients send costs the memory of what is open, and a turn takes from each of them in turn (net/message_queue.h).
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
#include "net/environment.h"
#include "net/places.h"
#include "net/rates.h"
#include "node/backups.h"
#include "node/engine.h"
#include "node/hold_offs.h"
#include "node/limits.h"
#include "node/outside_log.h"
#include "node/reads.h"
#include "node/watchers.h"
#include "wire/codec.h"

namespace titer::node {

struct ClientLimits {
  net::RateLimits rates;
  net::PlaceLimits connections{limits::kClientsMax, limits::kClientsMax / 4};
  net::PlaceLimits watches{limits::kWatchersMax, limits::kWatchersMax / 4};
  std::size_t ring_bytes = Watchers::kRingBytes;  // of the newest changes, for all who watch
};

class Clients final : private net::ConnectionOwner {
 public:
  struct Options {
    std::function<std::string()> status;                  // the JSON text that kStatusAsk is answered with
    std::function<std::string()> trace;                   // … and kTraceAsk
    std::function<Status(const wire::Operate&)> operate;  // passes it on; the answer comes through on_operated()
    // A client on another machine needs a key to write, even while no keys exist.
    bool remote_writes_need_key = false;
    bool keys = true;  // false: no key is made here
    ClientLimits limits;
  };
  Clients(net::Environment& env, Engine& engine, Options options);
  ~Clients();
  Clients(const Clients&) = delete;
  Clients& operator=(const Clients&) = delete;

  // A connection whose Hello says it comes from a client.
  void adopt(net::Connection& connection, const wire::Hello& hello, const wire::HelloReply& reply);

  void answer(SessionId session, RequestNumber number, ByteView result);
  void send(const smr::Output::SendClient& message);
  void read_ready(std::uint64_t read) { reads_.ready(read); }
  void read_refused(std::uint64_t read);
  [[nodiscard]] std::string read_refusal() const;  // why reads are refused, if they are
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
  struct Stats {
    std::size_t connections_max = 0, per_address_max = 0;
    std::uint64_t gave_way = 0;     // idle ones, for others
    std::uint64_t turned_away = 0;  // there was no place
    std::size_t watchers = 0;
    std::uint64_t watchers_fallen_behind = 0;
  };
  [[nodiscard]] Stats stats() const;

 private:
  static constexpr const char* kRestarts =
      "this replica restarts after the failure of all, and the register does not know yet that the restart is "
      "over; "
      "try again in a moment";
  static constexpr std::int64_t kIdleUs =
      1'000'000;  // then it may give way; before, it may be about to say something
  static constexpr std::int64_t kCheckMessagesUs = 1'000'000;
  static constexpr std::size_t kAdminCommandsMax = 64;
  static constexpr std::size_t kJudgedBytesMax =
      limits::kPendingBytesMax;                            // of requests that wait for their refusal
  static constexpr std::size_t kDirectOfAddressMax = 256;  // a quarter of what a view may know

  struct Client {
    net::ConnectionPtr connection;
    SessionId session;
    Position born;                 // of the session
    TransmitterId transmitter;     // 0: a thin client
    bool offended = false;         // a direct client that has held up the others
    registry::KeyId key;           // who it is
    std::uint64_t address = 0;     // to count by; 0: a Unix socket
    BootTime heard;                // the last message, as of that turn
    bool counted = false;          // how often it asks may be limited
    bool this_machine = false;     // it comes from here
    bool remote = false;           // what is not public needs a key, also while there are none
    bool dirty = false;            // something was appended this turn
    std::size_t requests = 0;      // taken and not yet answered, …
    std::size_t operations = 0;    // … and about how many operations they have
    std::size_t reads = 0;         // likewise questions, …
    std::size_t judged_bytes = 0;  // … of which so many bytes are requests that wait for their refusal
    bool paused = false;           // not read: too many of them
  };

  void on_message(net::Connection& connection, const wire::Message& message) override;
  void on_closed(net::Connection& connection, const std::string& reason) override;
  void handle_request(Client& client, ByteView payload);
  void submit(Client& client, RequestNumber number, ByteView body);
  void begin_judgement(Client& client, RequestNumber number, ByteView body);
  void judge_again(Client& client, Question question);
  void answer_judgement(Client& client, const Question& question, const wire::QueryAnswer& answer);
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
  // It names no key but its own, and makes none where there must be none; else the error says so.
  [[nodiscard]] Status check_key(const Client& client, ByteView body) const;
  // It does not ask too often.
  [[nodiscard]] Status check_rate(const Client& client);
  [[nodiscard]] Status authorize(const Client& client, registry::Act act) const;
  void handle_watch(Client& client, const wire::Message& message);
  void handle_operate(Client& client, ByteView payload);
  void handle_direct(Client& client, const wire::Message& message);
  [[nodiscard]] Status welcome(const Client& client) const;  // a direct client
  void note(HoldOffs::Offence offence, Client& client);
  void lose_direct(Client& client);
  void handle_admin_command(Client& client, const wire::Message& message);  // what only operators ask for
  // Of one message.
  [[nodiscard]] std::size_t message_bytes_max(const Client& client) const;
  void limit_messages(Client& client);
  void check_unfinished_messages(BootTime now);
  [[nodiscard]] Status take_place(std::uint64_t address);
  // For something, or others wait for it.
  [[nodiscard]] bool waits(std::uint64_t id, const Client& client) const;
  void give_way();
  void forget(std::uint64_t id);
  void mark(Client& client);
  [[nodiscard]] Client* find(std::uint64_t id);

  net::Environment& env_;
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
  std::size_t judged_bytes_ = 0;                                           // of all clients
  std::vector<Client*> dirty_;
  std::size_t operations_open_ = 0, clients_open_ = 0;  // of all clients; clients with any
  RoundRobin texts_;                                    // by client: the type of the question
  Reads reads_;
  Backups backups_;
  Watchers watchers_;
  net::Places places_;
  std::shared_ptr<net::ReceiveBudget> budget_;
  OutsideLog log_{env_, "clients that were cut off"};
  BootTime now_, next_message_check_;  // the last turn; …
  std::uint64_t gave_way_ = 0, turned_away_ = 0;
  Bytes outcome_;
  std::optional<Error> no_writes_;
  net::Rates rates_;
  HoldOffs hold_offs_;
};

}  // namespace titer::node
