// SPDX-License-Identifier: Apache-2.0

// Schedule: a random history of a whole cluster, drawn from one seed, that drives real Replica, DirectClient and
// SessionTable objects and looks from outside whether the promises hold.
//
// Events: thin clients submit at any replica and repeat a request elsewhere; local reads; direct clients that die
// in the middle of a broadcast; replicas that crash with any prefix of what they sent delivered; members excluded
// although they live; learners that join; connections cut and made again; views that follow one another faster than
// they are installed; with durability, syncs that finish late.
// After it, a quiet phase in which everything must come to rest: liveness.
//
// Checks: I2 all executed sequences are prefixes of one; I6 all that install a view stand at the same place; I9
// nothing takes effect twice and a repeated request gets its first result; I10 by the replicas' checkpoints; no
// answered update is lost; no read misses an update that was answered before it began; at the end everybody alive
// in the newest view has installed it, equal, with nothing left undone.
//
// Deterministic: the same seed gives the same history on every machine. A broken promise throws Failure.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <stdexcept>
#include <string>
#include <variant>
#include <vector>

#include "base/random.h"
#include "smr/direct_client.h"
#include "smr/replica.h"
#include "smr/request_batch.h"
#include "smr/session_table.h"

namespace titer::smr::testing {

struct Failure : std::runtime_error {
  using std::runtime_error::runtime_error;
};

struct Stats {
  std::uint64_t executed = 0, repeated = 0, views = 0, installs = 0, crashes = 0, client_crashes = 0,
                exclusions = 0, joins = 0, cuts = 0, reads = 0, reads_without_lease = 0, asks = 0, catch_ups = 0,
                steps = 0;
  Stats& operator+=(const Stats& o);
  [[nodiscard]] std::string text() const;
};

class Schedule {
 public:
  explicit Schedule(std::uint64_t seed);
  ~Schedule();
  void run();  // throws Failure (or Broken, among mutants)
  [[nodiscard]] const Stats& stats() const { return stats_; }
  [[nodiscard]] std::string plan() const;
  // Digest of everything that was executed and when: equal for equal seeds.
  [[nodiscard]] std::uint64_t digest() const { return digest_; }

 private:
  using Node = int;  // index of a process; from kFirstClient a direct client's
  static constexpr Node kFirstClient = 1000;

  struct Name {
    std::uint64_t session;
    std::uint64_t number;
    auto operator<=>(const Name&) const = default;
  };
  struct Read {
    std::size_t answered;  // how many updates had been answered when it began
    int by;
  };
  struct Process {
    ReplicaId id;
    Incarnation incarnation;
    bool alive = true;
    std::unique_ptr<Replica> replica;
    Output out;                  // of the turn under way
    std::uint64_t position = 0;  // executed: the first so many of history_
    SessionTable sessions;
    std::deque<std::uint64_t> disk;       // tickets not synced yet
    std::deque<ViewRecord> feed;          // from the register, not read yet
    ViewRecord known;                     // newest that was read
    std::map<std::uint16_t, Node> peers;  // by id: the process of the newest connection
    std::set<Node> clients;
    std::map<std::uint64_t, Read> reads;
    std::int64_t clock_offset = 0;
  };
  struct Direct {
    bool alive = true;
    std::unique_ptr<DirectClient> client;
    DirectClient::Output out;
  };
  struct Thin {  // a thin client's session: one request at a time
    std::uint64_t session;
    std::uint64_t number = 0;
    bool waiting = false;
    Node at = -1;
  };

  struct Up {
    std::uint64_t generation;
  };
  struct Down {};
  struct State {
    ViewNumber view;  // of the flush; when not final it is a learner's first copy
    bool final = false;
    std::uint64_t position = 0;
    Position since;
    Bytes sessions;
    Position oldest;
    LamportTime clock;
  };
  struct Result {
    RequestNumber number;
    std::uint64_t position;
  };
  using Item = std::variant<Up, Down, PeerMessage, State, FromClient, ToClient, Result>;
  struct Wire {  // between a < b; way[0] is a to b
    bool up = false;
    std::uint64_t generation = 0;
    std::uint64_t known[2] = {0, 0};
    std::deque<Item> way[2];
  };

  // --- schedule.cc: what happens
  void event();
  void quiet();
  void client_event();
  void submit(Thin& thin, bool elsewhere);
  void crash(Node p);
  void crash_client(Node c);
  void spawn();
  void register_event();
  void honor_asks();
  void new_view(const std::vector<Member>& members);
  void rest_check();
  [[nodiscard]] std::vector<Node> living() const;
  [[nodiscard]] std::vector<Node> full() const;
  [[nodiscard]] bool may_lose(Node p) const;
  [[nodiscard]] Node member(const Member& m) const;

  // --- schedule_wire.cc: how outputs are performed and messages get there
  void connect(Node a, Node b);
  void cut(Node a, Node b);
  void drop_tail(std::deque<Item>& way);
  void send(Node from, Node to, Item item);
  void deliver(Wire& wire, Node from, Node to);
  void to_process(Node from, Node to, Item& item);
  void to_client(Node from, Node to, Item& item);
  void give(Node p, const Input& input);
  void give_client(Node c, const DirectClient::Input& input);
  void turn(Node p);
  void client_turn(Node c);
  void execute(Process& p, Node at, const Execution& execution);
  std::uint64_t apply(Process& p, const RequestView& request);
  void answer(Node at, TransmitterId transmitter, Name name, std::uint64_t position);
  void note_answered(Name name, std::uint64_t position);
  // Both orders of `send` and `execute` are correct: half of the seeds have each.
  [[nodiscard]] bool sends_first() const { return seed_ / 5 % 2 == 0; }
  void send_to_peers(Node from, const Output& out);
  void note_install(Process& p, const ViewRecord& record);
  void give_state(Node donor, const Output::GiveState& give);
  void take_state(Node p, State& state);
  void finish_reads(Process& p);
  [[nodiscard]] Node route(const Process& p, ReplicaId to) const;
  [[nodiscard]] Wire& wire(Node a, Node b);
  [[nodiscard]] bool alive(Node n) const;
  [[nodiscard]] BootTime clock(const Process& p) const { return BootTime(now_ + p.clock_offset); }
  [[nodiscard]] Options options(const Process& p) const;
  [[nodiscard]] std::string text(Node p) const;

  std::uint64_t seed_;
  Random random_;
  Stats stats_;
  std::uint64_t digest_ = 0;
  std::int64_t now_ = 1'000'000;
  // The plan, drawn from the seed.
  int t_;
  int steps_;
  bool durable_;
  double cut_rate_, crash_rate_, exclude_rate_, client_rate_;
  std::uint32_t frames_in_flight_;
  Limits limits_;
  LamportTime clock_;  // of the replicas of the first view
  bool winding_down_ = false;
  bool peace_ = false;  // long enough without failures: nobody has a reason to suspect anybody

  std::vector<Process> processes_;
  std::vector<Direct> clients_;
  std::vector<Thin> thin_;
  std::map<std::pair<Node, Node>, Wire> wires_;
  ViewRecord record_;  // the register
  std::vector<std::pair<Node, Output::AskRegister>> asks_;
  // What the world knows.
  std::vector<Name> history_;            // everything that was ever executed, in order
  std::map<Name, std::uint64_t> place_;  // its positions, from 1
  std::vector<std::uint64_t> answered_;  // highest position among the first n answered updates
  std::set<Name> answered_names_;
  std::map<std::uint64_t, std::uint64_t> installed_at_;  // view number → position
  std::uint64_t next_token_ = 1;
};

// How many seeds a test runs: `by_default`, or the environment's TITER_SEEDS.
[[nodiscard]] std::uint64_t seeds(std::uint64_t by_default);
[[nodiscard]] std::uint64_t first_seed();  // TITER_FIRST_SEED or 0

}  // namespace titer::smr::testing
