// SPDX-License-Identifier: Apache-2.0

// Node: one replica process. It performs the protocol's outputs with connections, the state machine and the view
// register, in the turns of its environment (net/environment.h): a loop's, or the simulator's.
//
// A turn: inputs are stepped as they arrive; at its end EndOfTurn makes this turn's one frame, then — in this
// order — what must be durable goes to the disk's thread, frames and acks go to the other replicas, frames that became
// stable and safe are executed, answers go to the clients, reads are answered. Sends come before executions so that the
// others work while we execute; no send depends on an execution of the same turn, except a final state, which is written after it.
//
// A turn of the loop has a bounded length (limits.h). The ticks, and the heartbeats with them, come first. Executions that
// take longer go on in the next turns of the loop; until they are done only what is independent of them is performed, and no
// turn of the protocol begins (executor.h).
//
// With a disk (store/store.h) a failed sync stops the process immediately: that is fail-stop. A disk that fills up does
// not: the replica leaves the view as long as others stay; the last one keeps serving reads and refuses writes
// until there is room.
//
// The exit code of the process, when it has stopped: 0 cleanly, 3 excluded from the view (started again it learns), 4
// unable to continue. Thread rule: the environment's thread.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "net/connection.h"
#include "net/environment.h"
#include "net/rates.h"
#include "node/acceptor.h"
#include "node/clients.h"
#include "node/engine.h"
#include "node/execution_log.h"
#include "node/executor.h"
#include "node/frame_trace.h"
#include "node/peers.h"
#include "node/transfer.h"
#include "store/store.h"
#include "view/view_register.h"

namespace titer::node {

struct NodeOptions {
  ReplicaId me;
  Incarnation incarnation;
  std::uint64_t cluster = 0;
  std::uint64_t stream = 0;  // what positions belong to (wire::stream_of)
  Roster roster;             // wire address of every replica
  std::optional<wire::PeerSecret>
      secret;                          // of the replicas; none: certificates, or trust in whoever reaches the port
  bool keys = true;                    // may be made here; not where anybody could pose as a replica and take them
  std::string local_socket;            // path of the Unix socket for this machine; empty: none
  bool bootstraps = false;             // this process is one of those with which the cluster begins
  std::uint32_t frames_in_flight = 2;  // own request frames that may be unsafe at a time (smr::Options)
  bool remote_writes_need_key =
      false;                    // clients on other machines need a key to write, even while the cluster has no keys
  LamportTime clock = {};       // where a cluster begins that is born: at 0, but in simulations
  bool accept_clock = false;    // the operator says that this machine's clock is right (smr/wall_clock.h)
  bool confirm_reads = false;   // every read asks all members once
  bool shares_machine = false;  // with the other replicas of the cluster
  std::size_t newcomers_max = titer::limits::kNewcomersMax;  // connections that have not said hello
  ClientLimits limits;
  std::size_t descriptors = 0;                       // that the process may have; 0: not known
  std::size_t piece_bytes = std::size_t{256} << 10;  // of a state transfer
  NodeObserver* observer = nullptr;
};

inline constexpr int kExitExcluded = 3;
inline constexpr int kExitFailed = 4;

class Node final : private PeerEvents {
 public:
  // What a process brings along: nothing, or what it read from its disk.
  struct LocalState {
    std::unique_ptr<store::Store> store;  // null: durability `memory`
    machine::Machine machine;
    ExecutionLog log;
  };
  // `initial`: the record that the register gave first; it says whether this process is a member.
  [[nodiscard]] static Result<std::unique_ptr<Node>> open(NodeOptions options, net::Environment& env,
                                                          const smr::ViewRecord& initial, LocalState local_state);
  ~Node();

  // The register must be there before the first turn; it feeds on_record(), pong() and stop().
  void use(view::ViewRegister& reg) { register_ = &reg; }
  // To be called once in each turn of the environment, after what came in.
  void turn();
  // nullopt: it goes on. The environment's stop() has been called otherwise.
  [[nodiscard]] std::optional<int> exit_code() const { return exit_code_; }

  void on_record(const smr::ViewRecord& record);
  // From the store.
  void on_persisted(std::uint64_t ticket) { engine_.step(smr::input::Persisted{ticket}); }
  void on_disk_failed(const std::string& why);
  void on_disk_room(bool enough);                   // it fills up, or there is room again
  void on_scrub_mismatch(const std::string& what);  // memory and disk differ
  void on_operated(const wire::Operated& answer) { clients_.on_operated(answer); }  // from the register
  // The answer to the register's ping. Pong::full: this replica alone could continue: it has the complete state, and on disk
  // unless durability is `memory`.
  [[nodiscard]] wire::Pong pong() const;
  // What a member's disk is certain to show when it is read again; nothing where it is no member's. In memory: position 0.
  struct Durable {
    ViewNumber installed;
    Position position;
  };
  [[nodiscard]] std::optional<Durable> durable() const;
  void stop(int exit_code, const std::string& reason);
  void update_roster(const Roster& roster);  // it has changed
  // Prepares to leave the view. From now on no read is answered and no write is accepted. When the requests in progress are
  // answered, or after kFinishUs, and the newest view is installed, `leave` is called with that view: then the others have
  // everything. If a newer view is installed first, `leave` is called again. It exits with 0 when a view without this replica
  // is installed.
  void retire(std::function<void(ViewNumber installed)> leave);
  // Engine::restarts: nobody is answered.
  void restarts(bool under_way) { engine_.restarts = under_way; }
  // A learner that has no link to a member of the newest view: it waits for one of them.
  [[nodiscard]] bool learns_from_nobody() const { return !engine_.replica.full() && !learner_.has_donor(); }
  [[nodiscard]] const smr::ViewRecord& newest() const { return newest_; }
  // For whoever checks.
  [[nodiscard]] const Engine& engine() const { return engine_; }

 private:
  static constexpr std::int64_t kFinishUs = 1'000'000;

  Node(NodeOptions options, net::Environment& env, smr::Replica replica, const smr::ViewRecord& initial,
       LocalState local_state);

  void on_peer_up(ReplicaId peer, Incarnation incarnation) override;
  void on_peer_down(ReplicaId peer, Incarnation incarnation) override;
  void on_peer_dead(ReplicaId peer, Incarnation incarnation) override;
  void on_peer_message(ReplicaId peer, Incarnation incarnation, const wire::Message& message) override;
  void admit(net::Connection& connection, const wire::Hello& hello);

  void on_turn_disk(BootTime now);
  void tell_limping();
  void on_turn_leaving(BootTime now);
  [[nodiscard]] bool may_learn();
  [[nodiscard]] bool clock_lets_join();
  [[nodiscard]] bool stalled(BootTime now);  // this process did not run since the last turn
  [[nodiscard]] bool has_durable_state() const;
  void discard_state();
  void check_full_disk(BootTime now);
  void on_final_state(ViewNumber view, LamportTime clock);
  void perform();
  void send_out(smr::Output& out);  // what waits for no execution: to the disk, and to the others
  void conclude(smr::Output& out);  // the rest, when all of it is executed
  void finish_executions();
  void on_turn_executed(BootTime now);
  void on_installed(const smr::ViewRecord& view);
  [[nodiscard]] Clients::Options client_options();
  [[nodiscard]] std::string status() const;

  NodeOptions options_;
  net::Environment& env_;
  Identity identity_;
  std::unique_ptr<store::Store> store_;  // null: durability `memory`
  Engine engine_;
  ExecutionLog log_;
  FrameTrace trace_;
  Peers peers_;
  Clients clients_;
  Donor donor_;
  Learner learner_;
  std::unique_ptr<Acceptor> acceptor_;
  view::ViewRegister* register_ = nullptr;
  smr::ViewRecord newest_;
  ViewNumber began_with_;  // the newest view when this process began; once a view is installed, the restart is over
  smr::Output performing_;  // its executions are under way while executor_ is busy
  Executor executor_;
  BootTime next_tick_, started_, last_turn_;
  std::int64_t asleep_us_ = 0;  // in all, at the last turn
  bool wall_fault_told_ = false;
  std::uint64_t death_notices_ = 0;  // by death watches
  smr::ReplicaSet limping_told_;
  Position position_at_start_;
  bool disk_full_ = false;
  bool asked_to_leave_ = false;  // since then; a second time means that the register does not let it
  BootTime next_look_at_disk_;
  bool learns_ = false;                    // its disk is a learner's
  std::function<void(ViewNumber)> leave_;  // null: it does not leave
  std::optional<ViewNumber> leaves_;       // the view for which it was called; none: it was not
  BootTime quiet_at_;
  std::optional<int> exit_code_;
};

}  // namespace titer::node
