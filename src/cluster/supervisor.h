// SPDX-License-Identifier: Apache-2.0

// Supervisor: a cluster of t replicas on this machine — it starts them, is their view register, and kills and
// revives them on command.
//
// As the register it keeps one record and answers compare-and-set (view/record.h has what may follow). It is
// also the best failure detector a machine can have: it is the parent, so a replica that dies is known to be
// dead at once (SIGCHLD), not suspected. A replica that hangs does not answer pings; it is killed first and
// excluded when its death is certain. So whoever is excluded is known dead, and no read lease need be waited
// for.
//
// A member *holds the state* (has_durable_state()) when it is alive and known to have the complete state: it began with
// it, or has reported it. With durability `disk` a record none of whose members holds the state is never published. A
// joiner is a member before it has everything; if all others die before that, the record stays, and either they restart
// from their disks or the joiner comes to hold the state and continues. For the same reason the last member that holds
// it is never killed for being silent.
//
// A replica that ends without a command is started again (restart_backoff.h): one that failed, was excluded, or was killed
// for being silent. One that the operator killed stays dead until `start`, and so does one whose disk refused the start.
//
// The record is on disk before anybody hears of it (register_file.h), so a cluster with durability `disk` can be
// restarted after everything was killed, this process included: every replica first says what its disk has
// (Inventory), and the members of the last view restart from it (view/restart.h); the others learn from them.
// Invariants: one record per number; records only grow; a process is in at most one slot; every member of the
// record has been spawned here.
// Thread rule: the loop's thread. Errors: what cannot be done is said in a sentence (Status).
// Source: docs/explanation/protocol.md §4.
#pragma once

#include <sys/types.h>

#include <boost/asio/signal_set.hpp>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/ids.h"
#include "base/result.h"
#include "cluster/local_sockets.h"
#include "cluster/register_file.h"
#include "cluster/restart_backoff.h"
#include "net/connection.h"
#include "net/loop.h"
#include "smr/types.h"
#include "store/files.h"
#include "wire/codec.h"

namespace titer::cluster {

struct SupervisorOptions {
  std::uint16_t replicas = 3;
  std::uint16_t base_port = 8892;
  std::string program;                         // path of this executable
  std::string data_dir;                        // the register, the replicas' data and log files
  bool durable = true;                         // false: the replicas keep everything in memory
  bool grow = false;                           // the cluster on disk may have fewer replicas: the others join it
  std::uint16_t http_port = 0;                 // of replica 0; 0: they serve no HTTP
  bool accept_data_loss = false;               // start with no data where a cluster in memory has failed
  bool restart = true;                         // start replicas again that end without a command
  std::string execution_logs;                  // directory; empty: none
  std::vector<std::string> replica_arguments;  // passed on as they are
  std::string secret;                          // of the replicas, as text; they find it in their environment
};

class Supervisor final : private net::ConnectionOwner {
 public:
  // `say`: a line for the operator, when something happens by itself.
  Supervisor(net::Loop& loop, SupervisorOptions options, std::function<void(const std::string&)> say);
  ~Supervisor();
  Supervisor(const Supervisor&) = delete;
  Supervisor& operator=(const Supervisor&) = delete;

  // Starts all replicas and waits until they serve: a new cluster, or the one whose data are in data_dir. Error: which
  // port is in use, who is missing, or what failed.
  [[nodiscard]] Status start_all();
  // The operator wants to stop while start_all() runs: it returns an error.
  void interrupt();
  [[nodiscard]] bool interrupted() const { return interrupted_; }
  // The data were there already.
  [[nodiscard]] bool continued() const { return continued_; }
  // SIGKILL, for real. kNotFound: no such index; kDuplicate: it has failed already; kNotEnough: it is the last one.
  [[nodiscard]] Status kill(std::uint32_t index);
  // Starts a dead replica again; it learns the state and joins. kDuplicate: it runs.
  [[nodiscard]] Status start(std::uint32_t index);
  // All stop cleanly; waits for them.
  void stop_all();

  // A table for people, a line per replica.
  [[nodiscard]] std::string status() const;
  [[nodiscard]] bool running(std::uint32_t index) const {
    return slots_[index].pid > 0 && !slots_[index].killed_by_us;
  }
  [[nodiscard]] std::size_t processes() const;
  // Members that hold the state and are not about to die: at least one must stay.
  [[nodiscard]] std::size_t alive() const;
  [[nodiscard]] bool holds_last_copy(std::uint32_t index) const;
  [[nodiscard]] std::size_t size() const { return slots_.size(); }
  [[nodiscard]] net::Address address(std::uint32_t index) const;
  [[nodiscard]] const smr::ViewRecord& record() const { return state_.record; }
  [[nodiscard]] const RegisterState& register_state() const { return state_; }

 private:
  static constexpr std::int64_t kPingEveryUs = 50'000;
  static constexpr std::int64_t kStopPatienceUs = 10'000'000;  // to write down the state
  static constexpr unsigned kPingsMissedMax = 14;              // 700 ms of our own ticks
  static constexpr unsigned kPingsMissedByAllMax = 140;        // 7 s: all are slow, so it is the machine
  static constexpr unsigned kPingsMissedAtStart = 2400;        // 2 minutes: it reads its tables, or it learns
  static constexpr std::int64_t kJoinPatienceUs = 10'000'000;  // for those who learn while a cluster starts again

  struct Slot {
    pid_t pid = -1;  // -1: dead
    Incarnation incarnation;
    net::ConnectionPtr link;
    std::optional<wire::Inventory> inventory;  // durable replicas: what their disk has
    bool has_ponged = false;                   // it has answered a ping: it is up
    bool has_state = false;                    // it began with the whole state, or has said that it has it
    bool told_to_learn = false;                // what it has said of its disk counts no more
    bool ready = false;                        // a learner that is close enough to join
    unsigned pings_missed = 0;
    wire::Pong pong;            // the newest
    bool killed_by_us = false;  // on command or for exclusion
    bool stays_dead = false;    // on command, or its disk refused: not started again
    std::string why;            // it was excluded
    bool link_over = false;     // nothing comes over the link any more
    std::string last_words;     // why it stopped by itself
    std::string ended;          // how it did; empty: it lives, or the operator has been told
  };

  void on_message(net::Connection& connection, const wire::Message& message) override;
  void on_closed(net::Connection& connection, const std::string& reason) override;

  [[nodiscard]] static Incarnation new_incarnation();
  [[nodiscard]] Status start_cluster();
  [[nodiscard]] Status open_register();
  [[nodiscard]] Status no_orphans() const;
  [[nodiscard]] Status continue_cluster();
  [[nodiscard]] Status resume_bootstrap();
  [[nodiscard]] Status wait_for_ports();
  [[nodiscard]] Status bootstrap_all();
  [[nodiscard]] Status restart_all();
  [[nodiscard]] Status launch(std::uint16_t index, Incarnation incarnation);
  void tell_if_http_port_is_taken(std::uint16_t index);
  void on_inventory(std::uint16_t index);
  // No member of the newest view counts: those that can restart from their disks do, once every started process has
  // said what it has.
  void try_restart();
  [[nodiscard]] bool kill_members_without_state();
  void tell_total_failure();
  [[nodiscard]] static bool dies(const Slot& slot);
  [[nodiscard]] bool has_durable_state(const smr::Member& one) const;
  [[nodiscard]] bool any_has_durable_state(const smr::ViewRecord& record) const;
  void watch_children();
  void reap();
  void on_child_exit(std::uint16_t index, int wait_status);
  void report_exit(std::uint16_t index);
  [[nodiscard]] std::string restart_later(std::uint16_t index);
  void start_due();
  [[nodiscard]] bool all_silent() const;
  void on_pong(std::uint16_t index, const wire::Pong& pong);
  void exclude_dead();
  void ping();
  void exclude(std::uint16_t index, const std::string& why);
  void compare_and_set(std::uint16_t from, const wire::CompareAndSet& ask);
  void operate(net::Connection& connection, const wire::Operate& ask);
  void admit_learners();
  void publish(smr::ViewRecord next);
  void save_and_tell();
  void send_record(Slot& slot);
  [[nodiscard]] bool member(std::uint16_t index) const;

  net::Loop& loop_;
  SupervisorOptions options_;
  std::function<void(const std::string&)> say_;
  std::vector<Slot> slots_;
  struct Restart {
    RestartBackoff backoff;
    std::optional<BootTime> due;  // it is dead and will be started then
  };
  std::vector<Restart> restarts_;              // by index
  std::unique_ptr<store::DirLock> data_lock_;  // there is one supervisor for a data directory
  LocalSockets sockets_;
  RegisterState state_;
  bool saved_ = true;              // state_ is on disk; else nobody has heard of its record yet
  std::vector<Incarnation> dead_;  // of all times
  boost::asio::signal_set children_;
  boost::asio::steady_timer ping_timer_;
  std::uint64_t pings_ = 0;
  bool begun_ = false;      // a view has been told to the replicas
  bool launching_ = false;  // not all of restart_all() are launched yet
  bool continued_ = false;  // it resumed from existing data
  bool stopping_ = false;
  bool interrupted_ = false;
  std::string obstacle_;  // why the cluster cannot restart
};

}  // namespace titer::cluster
