// SPDX-License-Identifier: Apache-2.0

// Supervisor: a cluster of t replicas on this machine — it starts them, is their view register, and kills and
// revives them on command.
//
// What it decides is in supervisor_policy.h, which has no I/O. This is the driver: it tells the policy what happens
// to processes, sockets and the register's file, and performs the actions that come back, in their order. The parent of
// the replicas is the best failure detector that a machine can have: the kernel reports each death (SIGCHLD).
//
// The record is on disk before anybody hears of it (register_file.h), so a cluster with durability `disk` can be
// restarted after everything was killed, this process included (supervisor_start.cc).
//
// The data directory is looked at once a second (supervisor_directory.cc). The disk is waited for on the loop's thread, there and
// where the register is written: a supervisor on a disk that hangs excludes nobody meanwhile, which is what it promises anyway.
//
// Invariants: those of the policy. Thread rule: the loop's thread. Errors: what cannot be done is said in a sentence (Status).
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
#include "cluster/supervisor_policy.h"
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

  // Why the cluster cannot go on, and the loop was stopped; empty: it can.
  [[nodiscard]] const std::string& lost() const { return lost_; }

  // A table for people, a line per replica.
  [[nodiscard]] std::string status() const;
  // Members that hold the state and are not about to die: at least one must stay.
  [[nodiscard]] std::size_t alive() const { return policy_.alive(); }
  [[nodiscard]] std::size_t size() const { return children_.size(); }
  [[nodiscard]] net::Address address(std::uint32_t index) const;

 private:
  static constexpr std::int64_t kPingEveryUs = 50'000;
  static constexpr std::int64_t kLookEveryUs = 1'000'000;
  static constexpr std::int64_t kStopPatienceUs = 10'000'000;  // to write down the state
  static constexpr std::int64_t kJoinPatienceUs = 10'000'000;  // for those who learn while a cluster starts again

  struct Child {
    pid_t pid = -1;  // -1: dead
    net::ConnectionPtr link;
  };

  void on_message(net::Connection& connection, const wire::Message& message) override;
  void on_closed(net::Connection& connection, const std::string& reason) override;

  [[nodiscard]] static Incarnation new_incarnation();
  [[nodiscard]] Status start_cluster();
  [[nodiscard]] Result<RegisterState> open_register();
  [[nodiscard]] Result<RegisterState> new_register() const;
  [[nodiscard]] Result<RegisterState> continue_cluster(RegisterState before);
  [[nodiscard]] Result<RegisterState> resume_bootstrap(RegisterState before);
  [[nodiscard]] SupervisorPolicy::Options policy_options() const;
  [[nodiscard]] Status wait_for_ports();
  [[nodiscard]] Status bootstrap_all();
  [[nodiscard]] Status restart_all();
  [[nodiscard]] Status launch(std::uint16_t index, Incarnation incarnation, bool bootstraps = false);
  void tell_if_http_port_is_taken(std::uint16_t index);
  [[nodiscard]] Status save();
  void look_for_directory(BootTime now);
  void make_directory_again();
  void keep_register();
  [[nodiscard]] std::vector<std::string> arguments_of(std::uint16_t index, Incarnation incarnation) const;
  void perform();
  void perform(const Save& save);
  void perform(const Tell& tell);
  void perform(const Kill& kill);
  void perform(const Stop& stop);
  void perform(const Start& start);
  void perform(const Say& say) { say_(say.text); }
  void watch_children();
  void reap();
  void ping();
  void operate(net::Connection& connection, const wire::Operate& ask);

  net::Loop& loop_;
  SupervisorOptions options_;
  std::function<void(const std::string&)> say_;
  std::unique_ptr<store::DirLock> data_lock_;  // there is one supervisor for a data directory
  LocalSockets sockets_;
  SupervisorPolicy policy_;
  std::vector<Child> children_;
  boost::asio::signal_set deaths_;
  boost::asio::steady_timer ping_timer_;
  std::uint64_t pings_ = 0;
  BootTime next_look_;  // at the data directory
  bool look_told_ = false;
  std::string lost_;
  bool performing_ = false;
  bool continued_ = false;  // it resumed from existing data
  bool interrupted_ = false;
};

}  // namespace titer::cluster
