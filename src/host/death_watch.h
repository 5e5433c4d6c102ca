// SPDX-License-Identifier: Apache-2.0

// DeathWatch: a small process beside a replica that outlives it, and tells the other members of the view that it has ended.
//
// To them a killed process is a broken connection; it might be alive, and so they have to wait for its read lease. Only the
// kernel of its machine knows that it is dead. The watch is this program again, started by the replica's process. It holds a
// pidfd of that process, which becomes readable when all of its threads have ended, and never before. Then it says a death notice
// (wire::Role::kDeathNotice, with its proof) to the members that it was told of last, and ends. So a notice is about one process (its
// incarnation, chosen at random, is in it), and true whenever it arrives.
//
// It is an improvement and never needed: where no notice comes (the machine lost power, the watch was killed too, the process
// is the first of a container, whose end ends all others) the others wait for the lease as before.
//
// The watch is the child and not the parent of the replica, so that signals, exit code, MAINPID, watchdog and resource limits
// remain those of one process. It ignores SIGTERM, as it has to work when everybody else of the service was told to stop. It is
// a program of its own and not a fork, so that it can be started at any time: a fork of a process with threads, locks and much
// memory would share all of them. Certificates are read when they are needed, so they may have been renewed.
//
// A watch that ends before its process is started again, later each time (cluster/restart_backoff.h).
//
// Thread rule: the io_context's. Errors: there is no watch; the log says why.
// Source: Leners and others, Improving availability in distributed systems with failure informers (NSDI 2013).
#pragma once

#include <sys/types.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <functional>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "cluster/restart_backoff.h"
#include "net/tls.h"

namespace titer::host {

class DeathWatch {
 public:
  // `arguments`: of this program, with which it calls run().
  DeathWatch(boost::asio::io_context& context, std::vector<std::string> arguments);
  ~DeathWatch();
  DeathWatch(const DeathWatch&) = delete;
  DeathWatch& operator=(const DeathWatch&) = delete;

  void start();
  // When this process ends, `notice` (whole messages) is told at these addresses; none: nobody is told. Replaces what was said
  // before.
  void brief(ByteView notice, const std::vector<std::string>& addresses);

  // The watch's process, from its beginning to its end. `files`: what connections to the other replicas show; no certificate:
  // plain. `begin_log` is called when there is something to log.
  static void run(const net::TlsOptions& files, const std::function<void()>& begin_log);

 private:
  [[nodiscard]] Status spawn();
  void tell_watch();
  void wait_for_end();
  void on_end();
  void start_again(const std::string& why);

  std::vector<std::string> arguments_;
  int process_ = -1;                               // pidfd of this process
  boost::asio::posix::stream_descriptor channel_;  // of whole messages; readable when the watch has ended
  boost::asio::steady_timer again_;
  cluster::RestartBackoff backoff_;
  pid_t pid_ = -1;
  std::string briefing_;
};

}  // namespace titer::host
