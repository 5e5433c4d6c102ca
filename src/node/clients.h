// SPDX-License-Identifier: Apache-2.0

// Clients: the connections of thin clients (this replica is their gateway) and of direct clients.
//
// Requests go straight from the receive buffer into the gateway's next frame; answers are appended to the
// connection they belong to, found by session — so a client that reconnects gets its answers on the new one.
//
// Reads: each question is a read of smr; when its fence has passed it is answered from the state, and only
// then the lease is looked at (docs/explanation/protocol.md §5). Without a lease it waits up to kReadPatienceUs for one.
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
// Direct clients are trusted (docs/explanation/protocol.md §3): one that stays away, or lies, holds writes up until the next view.
// So once there are keys, and from other machines always, only an operator's key may be one; and one whose address or key has
// held up the others again and again is not welcomed for a while (hold_offs.h).
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
#include "node/hold_offs.h"
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
    bool keys = true;  // false: no key is made here
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
  void read_ready(std::uint64_t read);
  void read_refused(std::uint64_t read);
  void cut(TransmitterId client, const std::string& reason);
  // Every write is refused with this, until it is nullopt again. Reads go on. True: that is new.
  bool refuse_writes(std::optional<Error> why);
  void tell_view(const smr::ViewRecord& view);
  void on_operated(wire::Operated answer);
  // Once a turn, after execution: reads without a lease so far, watchers, and everything appended is written.
  void on_turn(BootTime now);
  void goodbye(const std::string& reason);

  [[nodiscard]] std::size_t count() const { return clients_.size(); }
  [[nodiscard]] std::size_t direct_count() const { return by_transmitter_.size(); }
  [[nodiscard]] std::uint64_t reads_answered() const { return reads_answered_; }

 private:
  static constexpr std::int64_t kReadPatienceUs = 2'000'000;
  static constexpr std::int64_t kUnreadPatienceUs = 10'000'000;  // then it is cut off
  static constexpr std::size_t kUnreadBytesMax = std::size_t{1} << 20;
  static constexpr std::size_t kAnswerBytesPerTurn = std::size_t{2} << 20;
  static constexpr std::size_t kReadsMax = limits::kSessionWindow;
  static constexpr std::uint32_t kWatchBatch = 500;
  static constexpr std::size_t kAdminCommandsMax = 64;
  static constexpr std::size_t kDirectOfAddressMax = 256;  // a quarter of what a view may know

  struct Client {
    net::ConnectionPtr connection;
    SessionId session;
    Position born;                     // of the session
    TransmitterId transmitter;         // 0: a thin client
    bool offended = false;             // a direct client that has held up the others
    registry::KeyId key;               // who it is
    std::uint64_t address = 0;         // to count by
    bool counted = false;              // how often it asks is limited
    bool remote = false;               // what is not public needs a key, also while there are none
    bool dirty = false;                // something was appended this turn
    std::size_t reads = 0;             // questions not yet answered
    bool paused = false;               // not listened to: too many of them
    std::optional<Position> watching;  // events up to here have been sent
    registry::KeyId watching_as;
  };
  struct Read {
    std::uint64_t client = 0;
    std::uint64_t token = 0;
    Bytes body;
    BootTime asked;
    registry::KeyId as;      // on whose behalf
    bool shows_key = false;  // the question is whether the client is `as`
  };

  void on_message(net::Connection& connection, const wire::Message& message) override;
  void on_closed(net::Connection& connection, const std::string& reason) override;
  void handle_request(Client& client, ByteView payload);
  void refuse(Client& client, RequestNumber number, Code code, std::string message);
  void handle_query(Client& client, const wire::Message& message);
  void begin_read(Client& client, Read read);
  void handle_authenticate(Client& client, ByteView payload);
  void answer_authenticate(Client& client, registry::KeyId key, const wire::QueryAnswer& answer);
  // It names no key but its own, and makes none where there must be none; else the error says so.
  [[nodiscard]] Status check_key(const Client& client, ByteView body) const;
  // It does not ask too often.
  [[nodiscard]] Status check_rate(const Client& client);
  [[nodiscard]] Status authorize(const Client& client, registry::Act act) const;
  void refuse_read(const Read& read, const Error& why);
  // What becomes of a read whose fence has passed.
  enum class Answering { kDone, kNoLease, kUnread, kNextTurn };
  [[nodiscard]] Answering answer_read(const Read& read);
  void close_read(std::uint64_t id);
  void retry_reads(BootTime now);
  void handle_watch(Client& client, const wire::Message& message);
  void feed_watchers();
  void handle_operate(Client& client, ByteView payload);
  void handle_direct(Client& client, const wire::Message& message);
  [[nodiscard]] Status welcome(const Client& client) const;  // a direct client
  void note(HoldOffs::Offence offence, Client& client);
  void lose_direct(Client& client);
  void handle_admin_command(Client& client, const wire::Message& message);  // what only operators ask for
  void forget(std::uint64_t id);
  void mark(Client& client);
  [[nodiscard]] Client* find(std::uint64_t id);

  net::Loop& loop_;
  Engine& engine_;
  Options options_;
  std::uint64_t next_client_ = 1, next_read_ = 1;
  boost::unordered_flat_map<std::uint64_t, std::unique_ptr<Client>> clients_;
  boost::unordered_flat_map<SessionId, Client*, std::hash<SessionId>> by_session_;
  boost::unordered_flat_map<TransmitterId, Client*, std::hash<TransmitterId>> by_transmitter_;
  struct AdminCommand {
    std::uint64_t client = 0, token = 0;
  };
  boost::unordered_flat_map<std::uint64_t, Read> reads_;
  boost::unordered_flat_map<std::uint64_t, AdminCommand> admin_commands_;  // at the supervisor
  std::vector<std::uint64_t> delayed_;                                     // fence passed, to be tried again
  std::size_t answered_bytes_ = 0;                                         // in this turn
  std::vector<Client*> dirty_;
  Backups backups_;
  std::size_t watchers_ = 0;
  Bytes rows_, outcome_;
  std::uint64_t reads_answered_ = 0;
  std::optional<Error> no_writes_;
  net::Rates rates_;
  HoldOffs hold_offs_;
};

}  // namespace titer::node
