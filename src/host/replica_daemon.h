// SPDX-License-Identifier: Apache-2.0

// ReplicaDaemon: one replica on a machine of its own, from its start to its end (docs/reference/serve.md).
//
//   own addresses ─▶ metadata ─▶ the register's first record ─▶ the disk ─▶ step (view/startup_step.h) ─▶ node
//   SIGTERM ─▶ HTTP drained, no reads, requests finished ─▶ out of the view ─▶ end
//
// The addresses come first: a second process of this replica, started on a copy of its directory, finds them taken and ends
// before it has changed the register.
//
// Everything that must be on disk before the register hears of it is written in between: the incarnation that is about to
// bootstrap (metadata), the process's life (store), and before anything is done by a record, what was seen of the
// register (metadata).
//
// Thread rule: the main thread. Errors: told in the log; run() returns the exit code, which docs/reference/serve.md explains.
#pragma once

#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <optional>
#include <string>

#include "host/config.h"
#include "host/daemon_rules.h"
#include "host/death_watch.h"
#include "host/local_metadata.h"
#include "host/replica_process.h"
#include "host/service_notifier.h"
#include "view/etcd_register.h"
#include "view/mark_schedule.h"
#include "view/startup_course.h"

namespace titer::host {

class ReplicaDaemon {
 public:
  // `page`: what HTTP serves beside the interface.
  // `log`: null: it goes to standard error.
  // `death_watch`: the arguments of this program that make it one.
  ReplicaDaemon(Config config, LocalMetadataStore metadata_store, std::vector<std::string> death_watch,
                http::Files page, std::unique_ptr<LogFile> log, const Descriptors& descriptors);
  [[nodiscard]] int run();

 private:
  static constexpr std::int64_t kLeaveUs = 8'000'000;         // then it ends without having left: others exclude it
  static constexpr std::int64_t kPortPatienceUs = 3'000'000;  // a killed process keeps its port until it has ended

  // Before there is a node: each gives the exit code when this process is over.
  [[nodiscard]] std::optional<int> wait_for_addresses();
  [[nodiscard]] std::optional<int> connect_to_register();
  [[nodiscard]] std::optional<int> read_disk();
  [[nodiscard]] std::optional<int> run_startup();
  [[nodiscard]] std::optional<int> become_replica();
  void say_waits(const std::string& why, bool long_since);

  void on_record(const view::ClusterRecord& record);
  void on_refused(const std::string& why);
  [[nodiscard]] Status note_bootstrap(Incarnation incarnation);
  [[nodiscard]] std::optional<int> exit_code_for(const view::StartupStep& step);
  void begin_http();
  [[nodiscard]] Status begin_tls();
  [[nodiscard]] Status begin_secret();
  void tell_peers();
  void brief_death_watch();
  void wait_for_signal();
  void stop();
  void leave_for_good(const std::string& why);
  void leave();
  void stop_as_the_last();
  void end_in_time();
  void reset_exclusions_later();
  void mark_disk_later();
  void learner_looks_later();
  void on_blocked();
  [[nodiscard]] ServiceNotifier::State state() const;
  [[nodiscard]] bool write_metadata(const LocalMetadata& metadata);

  ReplicaProcess process_;
  Config config_;
  LocalMetadataStore metadata_;
  DeathWatch death_watch_;
  http::Files page_;
  smr::Member me_;
  std::shared_ptr<api::Peers> http_peers_ = std::make_shared<api::Peers>();
  view::EtcdRegister* register_ = nullptr;     // is process_.reg
  std::optional<view::ClusterRecord> record_;  // the newest
  std::optional<wire::PeerSecret> secret_;     // of the replicas
  std::string refusal_;
  std::optional<view::StartupCourse> course_;  // until it is known what this process is
  std::optional<node::Node::LocalState> local_state_;
  WaitNotes waits_;
  view::MarkSchedule mark_schedule_;
  bool stopping_ = false;
  boost::asio::signal_set signals_;
  boost::asio::steady_timer patience_, steady_, marks_, looks_;
  ServiceNotifier service_notifier_;
};

}  // namespace titer::host
