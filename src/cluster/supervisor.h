// Supervisor: a cluster of t replicas on this machine — it starts them, is their view register, and kills and
// revives them on command.
//
// As the register it keeps one record and answers compare-and-set (view/record.h has what may follow). It is
// also the best failure detector a machine can have: it is the parent, so a replica that dies is known to be
// dead at once (SIGCHLD), not suspected. A replica that hangs does not answer pings; it is killed first and
// excluded when its death is certain. So whoever is excluded is known dead, and no read lease need be waited
// for.
//
// The last member is never killed for being silent: nobody could take over.
// Invariants: one record per number; records only grow; a process is in at most one slot; every member of the
// record has been spawned here.
// Thread rule: the loop's thread. Errors: what cannot be done is said in a sentence (Status).
// Source: docs/protocol.md §4.
#pragma once

#include <sys/types.h>

#include <boost/asio/signal_set.hpp>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/ids.h"
#include "base/result.h"
#include "net/connection.h"
#include "net/loop.h"
#include "smr/types.h"
#include "wire/codec.h"

namespace titer::cluster {

struct SupervisorOptions {
  std::uint16_t replicas = 3;
  std::uint16_t base_port = 8892;
  std::string program;                         // path of this executable
  std::string data_dir;                        // the replicas' log files
  std::string execution_logs;                  // directory; empty: none
  std::vector<std::string> replica_arguments;  // passed on as they are
};

class Supervisor final : private net::ConnectionOwner {
 public:
  // `say`: a line for the operator, when something happens by itself.
  Supervisor(net::Loop& loop, SupervisorOptions options, std::function<void(const std::string&)> say);
  ~Supervisor();
  Supervisor(const Supervisor&) = delete;
  Supervisor& operator=(const Supervisor&) = delete;

  // Starts all replicas and waits until they have founded view 0. Error: which port is in use, or what
  // failed.
  [[nodiscard]] Status start_all();
  // SIGKILL, for real. kNotFound: no such index; kDuplicate: it has failed already.
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
  [[nodiscard]] const smr::ViewRecord& record() const { return record_; }

 private:
  static constexpr std::int64_t kPingEveryUs = 50'000;
  static constexpr unsigned kPingsMissedMax = 14;       // 700 ms of our own ticks
  static constexpr unsigned kPingsMissedAtStart = 400;  // 20 s: it may be reading its tables

  struct Slot {
    pid_t pid = -1;  // -1: dead
    Incarnation incarnation;
    net::ConnectionPtr link;
    bool greeted = false;  // it has answered a ping: it is up
    bool ready = false;    // a learner that is close enough to join
    unsigned pings_missed = 0;
    wire::Pong pong;            // the newest
    bool killed_by_us = false;  // on command or for exclusion
    std::string why;            // it was excluded
  };

  void on_message(net::Connection& connection, const wire::Message& message) override;
  void on_closed(net::Connection& connection, const std::string& reason) override;

  [[nodiscard]] Status launch(std::uint16_t index, Incarnation incarnation);
  void watch_children();
  void reap();
  void died(std::uint16_t index, int wait_status);
  void ping();
  void exclude(std::uint16_t index, const std::string& why);
  void compare_and_set(std::uint16_t from, const wire::CompareAndSet& ask);
  void admit_learners();
  void publish(smr::ViewRecord next);
  void send_record(Slot& slot);
  [[nodiscard]] bool member(std::uint16_t index) const;

  net::Loop& loop_;
  SupervisorOptions options_;
  std::function<void(const std::string&)> say_;
  std::uint64_t cluster_ = 0;
  std::vector<Slot> slots_;
  smr::ViewRecord record_;
  std::vector<Incarnation> dead_;  // of all times
  boost::asio::signal_set children_;
  boost::asio::steady_timer ping_timer_;
  std::uint64_t pings_ = 0;
  bool founded_ = false, stopping_ = false;
};

}  // namespace titer::cluster
