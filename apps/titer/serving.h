// Serving: one replica on a machine of its own, from its start to its end (docs/reference/serve.md).
//
//   notes ─▶ the register's first record ─▶ the disk ─▶ course (view/course.h): found, go on, learn or wait ─▶ node
//   SIGTERM ─▶ HTTP drained, no reads, requests finished ─▶ out of the view ─▶ end
//
// What has to be on disk before the register hears of it is written in between: the incarnation that is about to found
// (notes), the process's life (store), and before anything is done by a record, what was seen of the register (notes).
//
// Thread rule: the main thread. Errors: told in the log; run() returns the exit code, which docs/reference/serve.md explains.
#pragma once

#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <optional>
#include <string>

#include "host/config.h"
#include "host/notes.h"
#include "titer/life.h"
#include "titer/pulse.h"
#include "view/course.h"
#include "view/etcd_register.h"

namespace titer::app {

class Serving {
 public:
  Serving(host::Config config, host::Notes notes);
  [[nodiscard]] int run();

 private:
  static constexpr std::int64_t kLeaveUs = 8'000'000;  // then it ends without having left: others exclude it

  // Before there is a node: each gives the exit code when this process is over.
  [[nodiscard]] std::optional<int> meet_register();
  [[nodiscard]] std::optional<int> read_disk();
  [[nodiscard]] std::optional<int> take_course();
  [[nodiscard]] std::optional<int> become_replica();

  void took_record(const view::ClusterRecord& record);
  void refused(const std::string& why);
  [[nodiscard]] view::Course course_by(const view::ClusterRecord& record);
  [[nodiscard]] view::NextRecord next_by(const view::ClusterRecord& newest);
  [[nodiscard]] std::optional<int> over(const view::Course& course);
  [[nodiscard]] node::Roster roster_of(const view::ClusterRecord& record) const;
  void begin_http();
  [[nodiscard]] Status begin_tls();
  void tell_peers();
  void wait_for_signal();
  void stop();
  void leave_for_good(const std::string& why);
  void leave();
  void end_in_time();
  void tend_exclusions();
  [[nodiscard]] Pulse::State state() const;
  [[nodiscard]] bool change_notes(const host::NoteBook& book);

  Life life_;
  host::Config config_;
  host::Notes notes_;
  smr::Member me_;
  std::shared_ptr<api::Peers> http_peers_ = std::make_shared<api::Peers>();
  view::EtcdRegister* register_ = nullptr;     // is life_.reg
  std::optional<view::ClusterRecord> record_;  // the newest
  std::string refusal_;
  view::Starting starting_;
  std::optional<node::Node::Past> past_;
  BootTime announced_;     // when the record had our announcement first; 0: not yet
  std::string waits_for_;  // as was logged
  bool stopping_ = false;
  boost::asio::signal_set signals_;
  boost::asio::steady_timer patience_, steady_;
  Pulse pulse_;
};

}  // namespace titer::app
